const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * Notices a daemon that says nothing at all while it owes replies. A call's own deadline cannot tell that from a slow
 * request: after it, the next call would wait on the same dead connection. One timer for all requests, and none while
 * nothing is owed; it does not keep the process alive.
 */
export class Silence {
  readonly #limitMs: number
  readonly #isOwed: () => boolean
  readonly #tooLong: () => void
  #since = 0
  #timer: NodeJS.Timeout | undefined
  #over = false

  /** Calls `tooLong`, once, when nothing was heard for `limitMs` although `isOwed` all the time. */
  constructor(limitMs: number, isOwed: () => boolean, tooLong: () => void) {
    this.#limitMs = limitMs
    this.#isOwed = isOwed
    this.#tooLong = tooLong
  }

  /** To be called before something is asked. */
  asking(): void {
    if (!this.#isOwed()) this.#since = performance.now()
    if (!this.#timer) this.#schedule(this.#limitMs)
  }

  /** To be called when anything came. */
  heard(): void {
    this.#since = performance.now()
  }

  stop(): void {
    this.#over = true
    clearTimeout(this.#timer)
  }

  #schedule(ms: number): void {
    if (this.#over) return
    // After the poll phase: a process that was stopped hears first what came meanwhile.
    this.#timer = setTimeout(() => setImmediate(() => this.#check()), Math.min(ms, TIMER_MS_MAX)).unref()
  }

  #check(): void {
    this.#timer = undefined
    if (this.#over || !this.#isOwed()) return
    const left = this.#since + this.#limitMs - performance.now()
    if (left > 0) this.#schedule(left)
    else this.#tooLong()
  }
}
