import { type Backoff, jitteredDelayMs } from './backoff.ts'
import type { XenstoreClient } from './client.ts'
import { XenstoreError, XenstoreUsageError } from './errors.ts'
import { pause } from './pause.ts'

/** For a daemon that is being restarted: back at once, or somebody has to repair it. */
const RESTART: Backoff = { firstMs: 25, longestMs: 2_000 }

export interface KeepConnectedOptions {
  /** Ends it all. */
  readonly signal: AbortSignal
  /** Told of every connection that could not be made, or that ended by itself or by what `serve` threw, with why. */
  readonly onLost?: ((error: XenstoreError) => void) | undefined
  /** The pauses between tries; up to 50 ms at first, and up to 2 s when it keeps failing, unless given. */
  readonly backoff?: Backoff | undefined
}

/**
 * Connects, serves, and does so again whenever the connection is gone, after a random pause that grows until a
 * connection has lasted. Resolves when `signal` is aborted and the last `serve` has ended; there is no other deadline.
 *
 * `serve` gets each new connection, never two at a time, and a signal that is aborted when that connection ends or
 * `signal` is aborted, never before: it must end then. Whenever it ends, its client is closed and the next one is made. Watches and
 * transactions are gone with a connection, and a daemon that was restarted may have no node any more: register and read
 * everything anew.
 *
 * Rejects with what `connect` or `serve` threw if that was neither a XenstoreError nor while the connection was lost, or
 * if it was a XenstoreUsageError: trying again would not help.
 */
export async function keepConnected(
  connect: (signal: AbortSignal) => Promise<XenstoreClient>,
  serve: (client: XenstoreClient, signal: AbortSignal) => Promise<void>,
  { signal, onLost, backoff = RESTART }: KeepConnectedOptions,
): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    let lasting = false
    try {
      const client = await connect(signal)
      const since = performance.now()
      await serveOnce(client, serve, signal).finally(() => {
        lasting = performance.now() - since > backoff.longestMs
      })
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof XenstoreError) || error instanceof XenstoreUsageError) throw error
      onLost?.(error)
    }
    if (lasting) attempt = 1
    await pause(jitteredDelayMs(attempt, backoff), signal)
  }
}

/** Throws what `serve` threw, unless the connection was lost: then why. */
async function serveOnce(
  client: XenstoreClient,
  serve: (client: XenstoreClient, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return client.close()
  const over = new AbortController()
  const end = (): void => over.abort(signal.reason)
  void client.closed.then(end)
  signal.addEventListener('abort', end)
  try {
    await serve(client, over.signal)
  } catch (error) {
    await client.close()
    throw (await client.closed) ?? error
  } finally {
    signal.removeEventListener('abort', end)
    await client.close()
  }
  const lost = await client.closed
  if (lost) throw lost
}
