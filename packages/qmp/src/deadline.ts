import { QmpAbortedError, type QmpError } from './errors.ts'

export interface Limits {
  /** In ms; undefined: none. */
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** What is being done, for the text of QmpAbortedError. */
  readonly what: string
  readonly onTimeout: (timeoutMs: number) => QmpError
}

/**
 * Settles as `work` does, unless a limit is reached first; then `work` is left to itself. With a signal that has fired already, work is
 * not even started. The timer does not keep the process alive.
 */
export async function limited<T>(work: () => Promise<T>, { timeoutMs, signal, what, onTimeout }: Limits): Promise<T> {
  const aborted = () => new QmpAbortedError(`Aborted: ${what}`, { cause: signal?.reason })
  if (signal?.aborted) throw aborted()
  if (signal === undefined && timeoutMs === undefined) return await work()

  let timer: NodeJS.Timeout | undefined
  let onAbort: (() => void) | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(aborted())
      signal?.addEventListener('abort', onAbort)
      if (timeoutMs !== undefined) {
        // Timers come before input: a process that was itself held up must first read what arrived in the meantime.
        timer = setTimeout(() => setImmediate(() => reject(onTimeout(timeoutMs))), timeoutMs).unref()
      }
      work().then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    if (onAbort) signal?.removeEventListener('abort', onAbort)
  }
}
