import { controlPath, Layout, parseNodeName } from '@stubdom/protocol'
import type { XenstoreClient } from '@stubdom/xenstore'
import { Subscription } from 'rxjs'
import type { Connection } from '../connection.ts'
import type { Logger } from '../logger.ts'
import { EVENTS_OF_OTHERS_PER_SECOND, EventBudget, NOISE, type ResponseHints } from './hints.ts'
import { epochOf } from './nodes.ts'

/** Milliseconds for which a stubdomain that was too noisy is not listened to: the first time, and doubled for each time after that up to the most. */
const QUIET_MS_MIN = 10_000
const QUIET_MS_MAX = 300_000

/** Milliseconds of listening without noise after which it counts as new. */
const FORGIVEN_AFTER_MS = 60_000

/** Milliseconds between two events for which all calls look. */
const ALL_EVERY_MS = 50

/**
 * One watch on all responses of a stubdomain and one on its hello: for long-lived processes. Both are held from the first call on until `close`.
 */
export class DirectoryHints implements ResponseHints {
  readonly #connection: Connection
  readonly #root: string
  readonly #logger: Logger
  readonly #report: (why: string) => void
  /** A Map and not a stream for each: finding the one call that an event is for must not cost more with more calls. */
  readonly #pending = new Map<string, Set<() => void>>()
  readonly #budget = new EventBudget()
  readonly #others = new EventBudget(EVENTS_OF_OTHERS_PER_SECOND, EVENTS_OF_OTHERS_PER_SECOND)
  #watches: Subscription | undefined
  #quietMs = 0
  #quietUntil = 0
  #allTimer: NodeJS.Timeout | undefined
  #allAgain = false
  /** Of the hello as it was last read, and over which connection: of another one nothing is known before it is read again. */
  #seen: { readonly epoch: string | undefined; readonly client: XenstoreClient } | undefined
  #helloReading: 'no' | 'yes' | 'again' = 'no'

  /** @param report told why when the stubdomain is too noisy to be listened to */
  constructor(connection: Connection, stubdomain: number, logger: Logger, report: (why: string) => void) {
    this.#connection = connection
    this.#root = controlPath(stubdomain)
    this.#logger = logger
    this.#report = report
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
    const failed = (error: unknown): void => {
      this.#logger.warn({ err: error }, 'no watch: looking at intervals instead')
      this.#stop()
    }
    const watches = new Subscription()
    this.#watches = watches
    const on = (path: string, next: (path: string) => void): void => {
      watches.add(this.#connection.watch(`${this.#root}/${path}`).subscribe({ next, error: failed }))
    }
    on(Layout.responses, path => this.#responseEvent(path))
    on(Layout.hello, () => this.#spend() && this.#helloEvent())
  }

  #responseEvent(path: string): void {
    const name = parseNodeName(path.slice(this.#root.length + 1))
    const looks = name.kind === 'response' ? this.#pending.get(`${name.command}/${name.id}`) : undefined
    if (looks) return void (this.#spend() && lookAll(looks))
    // Anything else than a response, the registration included, may concern all.
    if (name.kind !== 'response') return void (this.#spend() && this.#lookAtAll())
    // A response of another process is its own affair; how many there are says nothing against the stubdomain.
    if (this.#others.spend()) return
    this.#logger.warn({}, 'more is changed than can be listened to: looking at intervals instead')
    this.#stop()
  }

  /** At once, but not again before a while has passed: one event makes all calls look. */
  #lookAtAll(): void {
    if (this.#allTimer) {
      this.#allAgain = true
      return
    }
    for (const looks of this.#pending.values()) lookAll(looks)
    this.#allTimer = setTimeout(() => {
      this.#allTimer = undefined
      if (this.#allAgain) this.#lookAtAll()
    }, ALL_EVERY_MS)
    this.#allAgain = false
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
    this.#report(NOISE)
    this.#stop()
    return false
  }

  #stop(): void {
    const now = performance.now()
    const forgiven = now - this.#quietUntil >= FORGIVEN_AFTER_MS
    this.#quietMs = forgiven ? QUIET_MS_MIN : Math.min(Math.max(2 * this.#quietMs, QUIET_MS_MIN), QUIET_MS_MAX)
    this.#quietUntil = now + this.#quietMs
    this.#unwatch()
  }

  #unwatch(): void {
    this.#watches?.unsubscribe()
    this.#watches = undefined
    clearTimeout(this.#allTimer)
    this.#allTimer = undefined
    this.#seen = undefined
  }
}

function lookAll(looks: Iterable<() => void>): void {
  for (const look of looks) look()
}
