import type { Clock, SimProcess } from './clock.ts'
import type { Random } from './random.ts'

/** One way of a connection: what is sent arrives after some time, in order. */
export class Lane {
  readonly #clock: Clock
  readonly #random: Random
  readonly #to: SimProcess
  #last = 0

  constructor(clock: Clock, random: Random, to: SimProcess) {
    this.#clock = clock
    this.#random = random
    this.#to = to
  }

  send(arrive: () => void, extraMs = 0): void {
    const at = Math.max(this.#last, this.#clock.now + latency(this.#random) + extraMs)
    this.#last = at
    this.#clock.after(at - this.#clock.now, this.#to, arrive)
  }
}

/** Milliseconds: mostly some ten microseconds, now and then a scheduler's slice. */
export function latency(random: Random): number {
  return random.chance(0.05) ? random.between(0.5, 8) : random.between(0.02, 0.2)
}
