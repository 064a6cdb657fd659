import { keepConnected, type XenstoreClient, XenstoreConnectionError } from '@stubdom/xenstore'
import {
  BehaviorSubject,
  catchError,
  EMPTY,
  firstValueFrom,
  type Observable,
  skip,
  switchMap,
  takeUntil,
  throwError,
  timer,
} from 'rxjs'
import type { Connection } from '../connection.ts'
import { Liveness } from '../domains/liveness.ts'
import { NoXenstoreError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { Misbehaviours } from '../misbehaviour.ts'
import { Patience } from './patience.ts'

/** How long a process keeps its watches. */
export type WatchStyle = 'node' | 'directory'

export interface LinkSettings {
  readonly logger: Logger
  readonly watch: WatchStyle
  readonly greetingMs: number
  readonly retentionMs: number
}

/** What becomes of the connection. */
export interface LinkFollower {
  /** It is gone; a new one is being made. */
  lost(reason: string): void
  /** There is a new one, with all watches registered, maybe to a store that was begun anew. */
  found(): void
  /** There will be none any more. */
  closed(): void
}

/** Milliseconds for which one who did not say how long waits for a new connection. */
const WAIT_MS = 5_000
/** The same for what nobody would miss for long. */
const CHORE_WAIT_MS = 2_000
/** Node's timers take no more. */
const TIMER_MAX_MS = 0x7fff_ffff

/** The connection that everything shares, made anew whenever it is lost; and what is to be done before it is closed. */
export class Link implements Connection {
  readonly settings: LinkSettings
  readonly liveness: Liveness
  readonly patience = new Patience()
  readonly misbehaviours: Misbehaviours
  readonly #clients: BehaviorSubject<XenstoreClient>
  readonly #followers = new Set<LinkFollower>()
  readonly #chores = new Set<Promise<void>>()
  readonly #ending = new AbortController()
  readonly #kept: Promise<void>
  /** Why there is no connection at the moment. */
  #lost: string | undefined

  /** @param connect makes each connection that follows the first one */
  constructor(
    first: XenstoreClient,
    connect: (signal: AbortSignal) => Promise<XenstoreClient>,
    settings: LinkSettings,
  ) {
    this.settings = settings
    this.misbehaviours = new Misbehaviours(settings.logger)
    this.#clients = new BehaviorSubject(first)
    this.liveness = new Liveness(this, { keepWatch: settings.watch === 'directory' })
    let unused: XenstoreClient | undefined = first
    const next = async (signal: AbortSignal): Promise<XenstoreClient> => {
      const client = unused ?? (await connect(signal))
      unused = undefined
      return client
    }
    this.#kept = keepConnected(next, (client, signal) => this.#serve(client, signal), {
      signal: this.#ending.signal,
      onLost: error => settings.logger.warn({ err: error }, 'no connection to Xenstore: making a new one'),
    }).catch((error: unknown) => settings.logger.warn({ err: error }, 'no new connection can be made'))
  }

  get client(): XenstoreClient {
    return this.#clients.value
  }

  watch(path: string): Observable<string> {
    const untilLost = catchError<string, Observable<string>>(error =>
      error instanceof XenstoreConnectionError ? EMPTY : throwError(() => error),
    )
    return this.#clients.pipe(switchMap(client => client.watch(path).pipe(untilLost)))
  }

  /** Tells `follower` what becomes of the connection; the result ends that. */
  follow(follower: LinkFollower): () => void {
    this.#followers.add(follower)
    return () => this.#followers.delete(follower)
  }

  /** Whether `client` is the connection and, as far as is known, alive. */
  isOn(client: XenstoreClient): boolean {
    return client === this.client && this.#lost === undefined
  }

  /**
   * The outcome of `body`, which is begun anew when the connection is lost on the way: only for what may be done twice.
   * @param until on the clock of `performance.now`: how long a new connection is waited for
   * @throws NoXenstoreError when none came in time
   */
  async steadily<T>(
    body: (client: XenstoreClient) => Promise<T>,
    until: number = performance.now() + WAIT_MS,
  ): Promise<T> {
    let client = this.#lost === undefined ? this.client : await this.#next(until)
    for (;;) {
      try {
        return await body(client)
      } catch (error) {
        if (!(error instanceof XenstoreConnectionError) || performance.now() >= until) throw error
        client = this.client === client ? await this.#next(until) : this.client
      }
    }
  }

  async #next(until: number): Promise<XenstoreClient> {
    const waitMs = Math.min(Math.max(until - performance.now(), 0), TIMER_MAX_MS)
    const next = this.#clients.pipe(skip(1), takeUntil(timer(waitMs)))
    const client = await firstValueFrom(next, { defaultValue: undefined })
    if (client) return client
    throw new NoXenstoreError(`the connection to Xenstore has ended: ${this.#lost ?? 'it was closed'}`, {
      remedy: 'see whether xenstored runs',
    })
  }

  async #serve(client: XenstoreClient, signal: AbortSignal): Promise<void> {
    this.#lost = undefined
    if (client !== this.client) {
      this.settings.logger.debug({}, 'connected to Xenstore again')
      this.#clients.next(client)
      for (const follower of this.#followers) follower.found()
    }
    const ended = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    const error = await Promise.race([client.closed, ended])
    this.#lost = error?.message ?? 'it was closed'
    if (!this.#ending.signal.aborted) for (const follower of this.#followers) follower.lost(this.#lost)
  }

  /** Something that nobody waits for but `close`, and that may be done twice. */
  chore(name: string, work: () => Promise<void>): void {
    const done = this.steadily(work, performance.now() + CHORE_WAIT_MS)
      .catch((error: unknown) => this.settings.logger.debug({ err: error }, `${name} failed`))
      .finally(() => this.#chores.delete(done))
    this.#chores.add(done)
  }

  /** Ends the connection when all chores are done. */
  async close(): Promise<void> {
    while (this.#chores.size > 0) await Promise.all(this.#chores)
    this.#ending.abort()
    await this.#kept
    this.liveness.close()
    for (const follower of this.#followers) follower.closed()
    this.#clients.complete()
    this.misbehaviours.close()
  }
}
