const FIRST_MS = 2
const LONGEST_MS = 100

/**
 * How long to wait, in milliseconds, before the try that follows the `attempt`-th (counted from 1): anything up to a
 * bound that doubles. All of it is random, since those that collided once would otherwise meet again.
 */
export function jitteredDelayMs(attempt: number): number {
  return Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16))
}
