import type { PendingResponse } from '@stubdom/protocol'
import { type Observable, ReplaySubject } from 'rxjs'
import { CommandCancelledError } from '../errors.ts'
import { inOurWords } from '../xenstore-errors.ts'

/** A command that has been given. */
export interface RunningCommand<R> {
  /** Under which its outcome can be asked for later. */
  readonly id: string
  /** What the agent says on the way; the last word again to whoever subscribes late. Completes with the command, never errors. */
  readonly progress: Observable<PendingResponse>
  /** Rejects with a Dom0Error; need not be awaited. */
  readonly result: Promise<R>
  /** Asks for the command back; `result` tells whether that came in time. */
  cancel(): void
}

/** What a command's body is given. */
export interface Controls {
  readonly signal: AbortSignal
  readonly onProgress: (response: PendingResponse) => void
}

/** Begins `body` at once. `signal` is one more way to cancel. */
export function runCommand<R>(
  id: string,
  signal: AbortSignal | undefined,
  body: (controls: Controls) => Promise<R>,
): RunningCommand<R> {
  const canceller = new AbortController()
  const cancel = (): void => canceller.abort()
  const progress = new ReplaySubject<PendingResponse>(1)
  const run = async (): Promise<R> => {
    if (signal?.aborted) cancel()
    signal?.addEventListener('abort', cancel)
    try {
      return await body({ signal: canceller.signal, onProgress: response => progress.next(response) })
    } catch (error) {
      throw inOurWords(error)
    } finally {
      signal?.removeEventListener('abort', cancel)
      progress.complete()
    }
  }
  const result = run()
  // Whoever gives a command and looks at its progress only must not be ended by Node for it.
  result.catch(() => undefined)
  return { id, progress: progress.asObservable(), result, cancel }
}

/** The outcome of `work`, unless the command is cancelled before: nothing has been sent to the agent then. */
export async function beforeSending<T>(id: string, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    const cancelled = (): void => reject(new CommandCancelledError(id))
    if (signal.aborted) cancelled()
    else signal.addEventListener('abort', cancelled)
  })
  return Promise.race([aborted, work])
}
