import {
  QmpClient,
  QmpCommandError,
  QmpConnectionError,
  type QmpConnectOptions,
  type QmpEvent,
  type QmpGreeting,
  QmpLostError,
  QmpTimeoutError,
  QmpUnavailableError,
} from '@stubdom/qmp'
import { BehaviorSubject, filter, firstValueFrom, type Observable, Subject, takeUntil } from 'rxjs'
import type { Logger } from '../logger.ts'
import { aborted, pause } from '../pause.ts'
import { reached } from '../steps.ts'

/**
 * Where QEMU stands, as its monitor shows it:
 *
 *     connecting ──> ready ──> connecting (lost) ──> ready | silent | gone
 *
 * `silent`: connections are accepted and no greeting comes: QEMU is stopped or hangs, or another client holds the monitor. `gone`: it was there, and now
 * connections are refused.
 */
export type MonitorState =
  | { readonly kind: 'connecting'; readonly reason: string | undefined }
  | { readonly kind: 'ready'; readonly greeting: QmpGreeting }
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'gone'; readonly reason: string }

/** A connection to QEMU's monitor, as it is used here. */
export type MonitorLink = Pick<QmpClient, 'greeting' | 'events' | 'closed' | 'execute' | 'close'>

/** How one is made: see QmpClient.connect. */
export type ConnectMonitor = (options: QmpConnectOptions) => Promise<MonitorLink>

/** Milliseconds. A greeting comes at once from a QEMU that runs. */
const GREETING_MS = 3_000
/** No process listens, or there is no socket any more. */
const REFUSALS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT'])

const RETRY_MS_MIN = 20
const RETRY_MS_MAX = 1_000

/**
 * Keeps a connection to QEMU's monitor and makes it anew when it is lost. Commands go one at a time: QEMU queues eight and then stops reading.
 */
export class Monitor {
  readonly #path: string
  readonly #connect: ConnectMonitor
  readonly #log: Logger
  readonly #state = new BehaviorSubject<MonitorState>({ kind: 'connecting', reason: undefined })
  readonly #events = new Subject<QmpEvent>()
  #client: MonitorLink | undefined
  #seen = false
  #turn: Promise<unknown> = Promise.resolve()

  /** The present state at once, then each change. */
  readonly state: Observable<MonitorState> = this.#state.asObservable()
  /** QEMU’s events, across connections. */
  readonly events: Observable<QmpEvent> = this.#events.asObservable()

  /** @param connect makes each connection */
  constructor(path: string, log: Logger, connect: ConnectMonitor = options => QmpClient.connect(options)) {
    this.#path = path
    this.#connect = connect
    this.#log = log
  }

  get version(): string {
    const state = this.#state.value
    if (state.kind !== 'ready') return 'unknown'
    const { major, minor, micro } = state.greeting.qemu
    return `${major}.${minor}.${micro}`
  }

  /** Connects and reconnects until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let delay = RETRY_MS_MIN
    while (!signal.aborted) {
      try {
        const client = await this.#connect({ path: this.#path, timeoutMs: GREETING_MS, signal })
        const since = performance.now()
        await this.#serve(client, signal)
        // One that greets and hangs up, again and again, is asked no more often than one that does not answer.
        if (performance.now() - since >= RETRY_MS_MAX) delay = RETRY_MS_MIN
      } catch (error) {
        if (signal.aborted) break
        this.#failed(error)
      }
      await pause(delay * (0.5 + Math.random() / 2), signal)
      delay = Math.min(delay * 2, RETRY_MS_MAX)
    }
  }

  async #serve(client: MonitorLink, signal: AbortSignal): Promise<void> {
    const subscription = client.events.subscribe(event => this.#events.next(event))
    const stop = () => void client.close()
    signal.addEventListener('abort', stop, { once: true })
    this.#client = client
    this.#seen = true
    this.#state.next({ kind: 'ready', greeting: client.greeting })
    this.#log.info({ qemu: this.version }, 'QEMU is there')
    const reason = await client.closed
    signal.removeEventListener('abort', stop)
    subscription.unsubscribe()
    this.#client = undefined
    if (reason) this.#enter({ kind: 'connecting', reason: reason.message })
  }

  #failed(error: unknown): void {
    const reason = (error as Error).message
    const refused = error instanceof QmpUnavailableError && REFUSALS.has(error.errno)
    if (error instanceof QmpTimeoutError) this.#enter({ kind: 'silent', reason })
    else if (refused && this.#seen) this.#enter({ kind: 'gone', reason })
    else this.#enter({ kind: 'connecting', reason })
  }

  #enter(state: Exclude<MonitorState, { kind: 'ready' }>): void {
    const before = this.#state.value
    if (before.kind === state.kind && before.reason === state.reason) return
    this.#state.next(state)
    this.#log.warn({ reason: state.reason }, `QEMU’s monitor: ${state.kind}`)
  }

  /**
   * Sends a command when its turn has come. `signal` gives up waiting; a command that QEMU has is then not known to be done.
   * Rejects with QmpCommandError when QEMU says no, QmpConnectionError when there is no QEMU.
   */
  execute(command: string, args?: Record<string, unknown>, signal?: AbortSignal): Promise<unknown> {
    const turn = this.#turn.then(async () => {
      signal?.throwIfAborted()
      const client = this.#client
      if (!client) throw new QmpLostError(`QEMU’s monitor at ${this.#path} is not connected`)
      reached('unsent', command)
      const reply = client.execute(command, args, { signal })
      reached('sent', command)
      const value = await reply
      reached('answered', command)
      return value
    })
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** Resolves when it is known what a lost connection meant: QEMU is back, or gone. Rejects when `signal` aborts. */
  async settled(signal: AbortSignal): Promise<'ready' | 'gone'> {
    signal.throwIfAborted()
    const settled = this.#state.pipe(filter(isSettled), takeUntil(aborted(signal)))
    const state = await firstValueFrom(settled, { defaultValue: undefined })
    // Without a state it was given up.
    signal.throwIfAborted()
    return state?.kind === 'ready' ? 'ready' : 'gone'
  }
}

function isSettled({ kind }: MonitorState): boolean {
  return kind === 'ready' || kind === 'gone'
}

/** QEMU understood and refused. */
export function isRefusal(error: unknown): error is QmpCommandError {
  return error instanceof QmpCommandError
}

/** The connection to QEMU went, or there is none. */
export function isLost(error: unknown): error is QmpConnectionError {
  return error instanceof QmpConnectionError
}
