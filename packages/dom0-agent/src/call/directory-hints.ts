import { controlPath, Layout, parseNodeName } from '@stubdom/protocol'
import type { XenstoreClient } from '@stubdom/xenstore'
import { Subscription } from 'rxjs'
import type { Connection } from '../connection.ts'
import type { Logger } from '../logger.ts'
import { EventBudget, type ResponseHints } from './hints.ts'
import { epochOf } from './nodes.ts'

/** Milliseconds for which a stubdomain that was too noisy is not listened to. */
const QUIET_MS = 10_000

/**
 * One watch on all responses of a stubdomain and one on its hello: for long-lived processes. Both are held from the first call on until `close`.
 */
export class DirectoryHints implements ResponseHints {
  readonly #connection: Connection
  readonly #root: string
  readonly #logger: Logger
  /** A Map and not a stream for each: finding the one call that an event is for must not cost more with more calls. */
  readonly #pending = new Map<string, Set<() => void>>()
  readonly #budget = new EventBudget()
  #watches: Subscription | undefined
  #quietUntil = 0
  /** Of the hello as it was last read, and over which connection: of another one nothing is known before it is read again. */
  #seen: { readonly epoch: string | undefined; readonly client: XenstoreClient } | undefined
  #helloReading: 'no' | 'yes' | 'again' = 'no'

  constructor(connection: Connection, stubdomain: number, logger: Logger) {
    this.#connection = connection
    this.#root = controlPath(stubdomain)
    this.#logger = logger
  }

  follow(command: string, id: string, look: () => void): () => void {
    const key = `${command}/${id}`
    // An id may be picked up where it was given.
    const looks = this.#pending.get(key) ?? new Set()
    this.#pending.set(key, looks.add(look))
    this.#budget.expect()
    if (!this.#watches && performance.now() >= this.#quietUntil) this.#watch()
    return () => {
      looks.delete(look)
      if (looks.size === 0 && this.#pending.get(key) === looks) this.#pending.delete(key)
    }
  }

  liveEpoch(): string | undefined {
    return this.#seen?.client === this.#connection.client ? this.#seen.epoch : undefined
  }

  close(): void {
    this.#unwatch()
    this.#pending.clear()
  }

  #watch(): void {
    const failed = (error: unknown): void => this.#stop('no watch: looking at intervals instead', { err: error })
    const watches = new Subscription()
    this.#watches = watches
    const on = (path: string, next: (path: string) => void): void => {
      watches.add(this.#connection.watch(`${this.#root}/${path}`).subscribe({ next, error: failed }))
    }
    on(Layout.responses, path => this.#responseEvent(path))
    on(Layout.hello, () => this.#spend() && this.#helloEvent())
  }

  #responseEvent(path: string): void {
    if (!this.#spend()) return
    const name = parseNodeName(path.slice(this.#root.length + 1))
    // A response of another process is its own affair; anything else, the registration included, may concern all.
    const concerned =
      name.kind === 'response' ? [this.#pending.get(`${name.command}/${name.id}`)] : this.#pending.values()
    for (const looks of concerned) for (const look of looks ?? []) look()
  }

  #helloEvent(): void {
    // Until it is read again, nothing is known of it.
    this.#seen = undefined
    if (this.#helloReading !== 'no') {
      this.#helloReading = 'again'
      return
    }
    this.#helloReading = 'yes'
    const { client } = this.#connection
    const read = (bytes?: Uint8Array): void => {
      const again = this.#helloReading === 'again'
      this.#helloReading = 'no'
      if (again) this.#helloEvent()
      else if (this.#watches) this.#seen = { epoch: epochOf(bytes), client }
    }
    client.readIfExists(`${this.#root}/${Layout.hello}`).then(read, () => read())
  }

  #spend(): boolean {
    if (this.#budget.spend()) return true
    this.#stop('the stubdomain changes its nodes too often: looking at intervals instead', {})
    return false
  }

  #stop(message: string, fields: object): void {
    this.#logger.warn(fields, message)
    this.#quietUntil = performance.now() + QUIET_MS
    this.#unwatch()
  }

  #unwatch(): void {
    this.#watches?.unsubscribe()
    this.#watches = undefined
    this.#seen = undefined
  }
}
