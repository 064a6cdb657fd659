import { XenstoreUsageError } from './errors.ts'

/** How long a call may take, given to every call of the client. */
export interface CallOptions {
  /** Ends the call with a XenstoreAbortedError. */
  readonly signal?: AbortSignal | undefined
  /** Ends the call with a XenstoreTimeoutError; milliseconds, by default the client's `timeoutMs`. Up to 50 ms late. */
  readonly timeoutMs?: number | undefined
}

export const DEFAULT_TIMEOUT_MS = 5_000

/** A call's options once it has begun: a deadline holds for all the requests that the call needs. */
export interface Limits {
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly deadline: number
  /** What the deadline was made from, for messages. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Begins the clock of a call. Throws a XenstoreUsageError unless `timeoutMs` is positive and finite. */
export function limitsOf(options: CallOptions | undefined, defaultTimeoutMs: number): Limits {
  const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs
  if (!(timeoutMs > 0 && timeoutMs < Infinity)) {
    throw new XenstoreUsageError('timeoutMs', `it is ${timeoutMs}, not a positive number of milliseconds`)
  }
  return { deadline: performance.now() + timeoutMs, timeoutMs, signal: options?.signal }
}
