/**
 * How many lines may be logged: so many at once, and so many a second (XSA-180: a log that a guest can fill is a guest's disk). Lines beyond that are left out and
 * counted.
 */
export class LineBudget {
  readonly #most: number
  readonly #perSecond: number
  #left: number
  #at: number | undefined
  #leftOut = 0

  constructor(most: number, perSecond: number) {
    this.#most = most
    this.#perSecond = perSecond
    this.#left = most
  }

  /**
   * How many lines were left out before this one; undefined when this one is to be left out, too.
   * @param now milliseconds on any clock that never steps back
   */
  spend(now: number): number | undefined {
    const passed = now - (this.#at ?? now)
    this.#left = Math.min(this.#most, this.#left + (passed * this.#perSecond) / 1_000)
    this.#at = now
    if (this.#left < 1) {
      this.#leftOut++
      return undefined
    }
    this.#left -= 1
    const before = this.#leftOut
    this.#leftOut = 0
    return before
  }
}
