import type { PendingResponse } from '@stubdom/protocol'
import { type Observable, ReplaySubject } from 'rxjs'
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

/**
 * The outcome of `work`, unless the caller's signal aborts or the time is over before: nothing has been sent to the agent then, `work` is told to send nothing any more,
 * and `reason` says why.
 */
export async function beforeSending<T>(
  signal: AbortSignal,
  withinMs: number,
  work: (over: AbortSignal) => Promise<T>,
  reason: () => Error,
): Promise<T> {
  const over = new AbortController()
  const stop = (): void => over.abort()
  const timer = setTimeout(stop, withinMs)
  try {
    return await new Promise<T>((resolve, reject) => {
      over.signal.addEventListener('abort', () => reject(reason()))
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop)
      work(over.signal).then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
