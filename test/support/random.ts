/** Chance that a seed decides: the same seed, the same numbers. The algorithm is mulberry32. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A number in [0, 1). */
  readonly fraction = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
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
