import { XenstoreUsageError } from './errors.ts'

/** How long a call may take, given to every call of the client. */
export interface CallOptions {
  /** Ends the call with a XenstoreAbortedError. */
  readonly signal?: AbortSignal | undefined
  /** Ends the call with a XenstoreTimeoutError; milliseconds, by default the client's `timeoutMs`. Up to 50 ms late. */
  readonly timeoutMs?: number | undefined
}

export const DEFAULT_TIMEOUT_MS = 5_000
export const DEFAULT_SILENCE_MS = 10_000

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
  const timeoutMs = positiveMs('timeoutMs', options?.timeoutMs ?? defaultTimeoutMs)
  return { deadline: performance.now() + timeoutMs, timeoutMs, signal: options?.signal }
}

/** `ms`, unless that is no time, or time without end: then it throws a XenstoreUsageError. */
export function positiveMs(name: string, ms: number): number {
  if (ms > 0 && ms < Infinity) return ms
  throw new XenstoreUsageError(name, `it is ${ms}, not a positive number of milliseconds`)
}
