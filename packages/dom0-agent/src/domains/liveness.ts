import { type Observable, share } from 'rxjs'
import type { Connection } from '../connection.ts'
import { type Pair, readPair } from './pair.ts'

/** Notices that a guest or its stubdomain is gone. One watch on @releaseDomain serves all who follow a pair at the time. */
export class Liveness {
  readonly #connection: Connection
  readonly #released: Observable<string>

  constructor(connection: Connection) {
    this.#connection = connection
    this.#released = connection.watch('@releaseDomain').pipe(share())
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
    const check = (): void => {
      // A connection that is lost is noticed elsewhere.
      this.isAlive(pair).then(
        alive => alive || gone(),
        () => undefined,
      )
    }
    const subscription = this.#released.subscribe({ next: check, error: () => undefined })
    return { check, stop: () => subscription.unsubscribe() }
  }
}
