import { mulberry32 } from '../../support/mulberry32.ts'

/** Chance that a seed decides. Streams of different labels do not disturb each other, so that a plan that lost a step keeps the rest of its luck. */
export class Random {
  /** In [0, 1). */
  readonly next: () => number

  constructor(seed: number, label = '') {
    let mixed = seed | 0
    for (let at = 0; at < label.length; at++) mixed = Math.imul(mixed ^ label.charCodeAt(at), 0x9e3779b1) + 0x7f4a7c15
    this.next = mulberry32(mixed)
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
