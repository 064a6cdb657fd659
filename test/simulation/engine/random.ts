/** Numbers that a seed decides (mulberry32). Streams of different labels do not disturb each other, so that a plan that lost a step keeps the rest of its luck. */
export class Random {
  #state: number

  constructor(seed: number, label = '') {
    let mixed = seed | 0
    for (let at = 0; at < label.length; at++) mixed = Math.imul(mixed ^ label.charCodeAt(at), 0x9e3779b1) + 0x7f4a7c15
    this.#state = mixed | 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** One of 0 … count-1. */
  int(count: number): number {
    return Math.floor(this.next() * count)
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T
  }

  /** One of the keys, by their weights. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][]
    let at = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) if ((at -= weight) < 0) return key
    return (entries.at(-1) as [K, number])[0]
  }
}
