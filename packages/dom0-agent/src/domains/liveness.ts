import { type Observable, type Subscription, share } from 'rxjs'
import type { Connection } from '../connection.ts'
import { type Pair, readPair } from './pair.ts'

export interface LivenessOptions {
  /** Keep the watch while nobody follows a pair: a process that gives many commands would else make it, and look, for each. */
  readonly keepWatch?: boolean
}

/** Notices that a guest or its stubdomain is gone. One watch on @releaseDomain serves all who follow a pair at the time. */
export class Liveness {
  readonly #connection: Connection
  readonly #released: Observable<string>
  readonly #keepWatch: boolean
  #kept: Subscription | undefined
  /** Events so far over the kept watch, and how many there had been when a pair was looked at. */
  #events = 0
  readonly #lookedAt = new Map<string, number>()

  constructor(connection: Connection, { keepWatch = false }: LivenessOptions = {}) {
    this.#connection = connection
    this.#keepWatch = keepWatch
    this.#released = connection.watch('@releaseDomain').pipe(share())
  }

  /** Ends the kept watch. */
  close(): void {
    this.#kept?.unsubscribe()
    this.#kept = undefined
  }

  /** Whether both domains are there and still belong together. */
  async isAlive(pair: Pair): Promise<boolean> {
    const { client } = this.#connection
    const [stubdomain, guest, linked] = await Promise.all([
      client.isIntroduced(pair.stubdomain),
      client.isIntroduced(pair.guest),
      readPair(client, pair),
    ])
    return stubdomain && guest && linked
  }

  /**
   * Calls `gone` when the pair is no more. The event does not say which domain ended, and a guest that is pinned by its stubdomain
   * (SET_TARGET on C xenstored) ends without any: so `check` can be called at any time, too.
   */
  follow(pair: Pair, gone: () => void): { check(): void; stop(): void } {
    const name = `${pair.guest}/${pair.stubdomain}`
    const check = (): void => {
      this.#lookedAt.set(name, this.#events)
      // A connection that is lost is noticed elsewhere.
      this.isAlive(pair).then(
        alive => alive || gone(),
        () => undefined,
      )
    }
    if (this.#keepWatch) this.#keep()
    const subscription = this.#released.subscribe({ next: check, error: () => undefined })
    // What happened while nobody followed; a watch that was made just now has its first event yet to come.
    if (this.#kept && this.#events > 0 && this.#lookedAt.get(name) !== this.#events) check()
    return { check, stop: () => subscription.unsubscribe() }
  }

  #keep(): void {
    this.#kept ??= this.#released.subscribe({
      next: () => this.#events++,
      error: () => {
        this.#kept = undefined
      },
    })
  }
}
