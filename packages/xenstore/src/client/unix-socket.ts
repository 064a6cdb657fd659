import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { PAYLOAD_MAX } from '../wire/messages.ts'
import { jitteredDelayMs } from './backoff.ts'
import { XenstoreAbortedError, XenstoreTimeoutError, XenstoreUnavailableError } from './errors.ts'
import type { Limits } from './limits.ts'
import type { Transport } from './transport.ts'

/** sun_path holds 108 bytes, its NUL included (unix(7)). */
const SOCKET_PATH_MAX = 107

const READ_BUFFER_BYTES = 64 * 1024

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'start xenstored, or name its socket with XENSTORED_PATH or XENSTORED_RUNDIR',
  ECONNREFUSED: 'xenstored is not running there any more: start it',
  EACCES: 'connect as a user who may use that socket, which is root by default',
}

/** Rejects with XenstoreUnavailableError, XenstoreTimeoutError or XenstoreAbortedError. */
export async function connectUnixSocket(path: string, limits: Limits): Promise<Transport> {
  const what = `connecting to ${path}`
  const { deadline, timeoutMs, signal } = limits
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX) {
    const problem = `a socket's path has at most ${SOCKET_PATH_MAX} bytes, this one ${Buffer.byteLength(path)}`
    throw new XenstoreUnavailableError(path, problem, 'choose a shorter one')
  }
  for (let attempt = 1; ; attempt++) {
    if (signal?.aborted) throw new XenstoreAbortedError(what, { cause: signal.reason })
    const transport = new UnixSocketTransport(path)
    const error = await transport.connected()
    if (!error) return transport
    const { code = 'unknown error' } = error
    // The daemon listens with a backlog of 1: in a burst of connects, some find it full.
    if (code !== 'EAGAIN') {
      const remedy = REMEDIES[code] ?? 'name the socket of a running xenstored with XENSTORED_PATH'
      throw new XenstoreUnavailableError(path, code, remedy, { cause: error })
    }
    const left = deadline - performance.now()
    if (left <= 0) throw new XenstoreTimeoutError(what, timeoutMs, { cause: error })
    const wake = sleep(Math.min(left, jitteredDelayMs(attempt)), undefined, signal && { signal })
    await wake.catch(() => undefined) // Only an abort ends it early, and the loop begins with looking for one.
  }
}

class UnixSocketTransport implements Transport {
  readonly maxPayload = PAYLOAD_MAX
  readonly #socket: Socket
  #onData: (bytes: Uint8Array) => void = () => {}
  #failure: NodeJS.ErrnoException | undefined
  #corked = false

  constructor(path: string) {
    const callback = (bytes: number, buffer: Uint8Array): boolean => {
      this.#onData(buffer.subarray(0, bytes))
      return true
    }
    // One buffer for all reads: no allocation for each, and less memory than the stream's own.
    this.#socket = connect({ path, onread: { buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES), callback } })
    this.#socket.on('error', error => {
      this.#failure = error
    })
  }

  /** Resolves with why it could not connect. Needs no deadline: a unix socket connects, or is refused, at once. */
  connected(): Promise<NodeJS.ErrnoException | undefined> {
    return new Promise(resolve => {
      this.#socket.once('connect', () => resolve(undefined))
      this.#socket.once('close', () => resolve(this.#failure))
    })
  }

  write(frame: Buffer): void {
    // All messages of one tick leave in one system call.
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(frame)
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#onData = listener
  }

  onClose(listener: (error?: Error) => void): void {
    this.#socket.once('close', () => listener(this.#failure))
  }

  close(): void {
    this.#socket.destroy()
  }
}
