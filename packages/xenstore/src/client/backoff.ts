/** How pauses between tries grow: each is random up to a bound, which doubles from `firstMs` up to `longestMs`. */
export interface Backoff {
  readonly firstMs: number
  readonly longestMs: number
}

/** For what is usually over soon: another client that is connecting or committing right now. */
const COLLISION: Backoff = { firstMs: 2, longestMs: 100 }

/**
 * How long to wait, in milliseconds, before the try that follows the `attempt`-th (counted from 1): anything up to the
 * bound. All of it is random, since those that collided once would otherwise meet again.
 */
export function jitteredDelayMs(attempt: number, { firstMs, longestMs }: Backoff = COLLISION): number {
  return Math.random() * Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30))
}
