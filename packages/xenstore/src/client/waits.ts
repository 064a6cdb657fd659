import { setMaxListeners } from 'node:events'
import { XenstoreAbortedError, type XenstoreError, XenstoreTimeoutError } from './errors.ts'
import type { Limits } from './limits.ts'

/** How late a deadline may be noticed. A coarse sweep for all costs a request nothing; a timer for each would. */
const SWEEP_MS = 50

interface Wait {
  readonly limits: Limits
  readonly what: () => string
  end(error: XenstoreError): void
}

/**
 * Everything that callers of one connection wait for: requests, bodies of transactions, watches. Each ends by what it
 * waited for, or here: by its deadline, by its signal, or with the connection.
 */
export class Waits {
  readonly #open = new Set<Wait>()
  #sweep: NodeJS.Timeout | undefined
  #over: XenstoreError | undefined

  /**
   * Calls `fail`, once, when the wait must end early. Returns what to call when it ended in another way. Throws when it
   * cannot begin: everything is over, or the signal is aborted already. `what` names the wait in the error.
   */
  guard(limits: Limits, what: () => string, fail: (error: XenstoreError) => void): () => void {
    const { signal } = limits
    if (this.#over) throw this.#over
    if (signal?.aborted) throw new XenstoreAbortedError(what(), { cause: signal.reason })
    const release = (): void => {
      this.#open.delete(wait)
      signal?.removeEventListener('abort', onAbort)
    }
    const end = (error: XenstoreError): void => {
      release()
      fail(error)
    }
    const onAbort = (): void => end(new XenstoreAbortedError(what(), { cause: signal?.reason }))
    const wait: Wait = { limits, what, end }
    this.#open.add(wait)
    if (signal) {
      setMaxListeners(0, signal) // One signal for a hundred calls is no leak: each takes its listener away again.
      signal.addEventListener('abort', onAbort)
    }
    if (limits.deadline < Infinity) this.#schedule()
    return release
  }

  /** Waits for `work` within the limits. The work itself is not interrupted; its late outcome is ignored. */
  bounded<T>(limits: Limits, what: () => string, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const release = this.guard(limits, what, reject)
      work().finally(release).then(resolve, reject)
    })
  }

  /** Ends all waits, and every later one at once, with `error`. */
  endAll(error: XenstoreError): void {
    this.#over = error
    clearTimeout(this.#sweep)
    for (const wait of this.#open) wait.end(error)
  }

  #schedule(): void {
    // After the poll phase: a loop that was blocked reads the replies that came meanwhile before it calls them late.
    this.#sweep ??= setTimeout(() => setImmediate(() => this.#expire()), SWEEP_MS).unref()
  }

  #expire(): void {
    this.#sweep = undefined
    const now = performance.now()
    let next = Infinity
    for (const wait of this.#open) {
      const { deadline, timeoutMs } = wait.limits
      if (deadline <= now) wait.end(new XenstoreTimeoutError(wait.what(), timeoutMs))
      else next = Math.min(next, deadline)
    }
    if (next < Infinity && !this.#over) this.#schedule()
  }
}
