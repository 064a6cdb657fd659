import { mulberry32 } from './mulberry32.ts'

/** Chance that a seed decides. */
export class Random {
  /** A number in [0, 1). */
  readonly fraction: () => number

  constructor(seed: number) {
    this.fraction = mulberry32(seed)
  }

  /** A whole number in [0, count). */
  below(count: number): number {
    return Math.floor(this.fraction() * count)
  }

  /** A whole number, both ends included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** Whether what happens once in `times` happens now. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  /** One of them; there must be one. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** Chance of its own for somebody else, who takes what he needs without disturbing the order here. */
  fork(): Random {
    return new Random(this.below(2 ** 32))
  }
}
