import { type AgentStage, type ControlEvent, Layout, parseNodeName, printable } from '@stubdom/protocol'
import type { XenstoreClient } from '@stubdom/xenstore'
import { concatMap, filter, firstValueFrom, merge, type Observable, Subscription, takeUntil, timer } from 'rxjs'
import type { ModelState } from '../boot/model-state.ts'
import type { Engine } from '../engine.ts'
import { helloOf } from '../identity.ts'
import type { Logger } from '../logger.ts'
import type { AgentOptions } from '../options.ts'
import { aborted } from '../pause.ts'
import type { Monitor } from '../qemu/monitor.ts'
import type { StateChannels } from '../save/channel.ts'
import { AGENT_VERSION } from '../version.ts'
import { controlEvent } from './events.ts'
import { isUnlistable, listRequests, takeStock } from './found.ts'
import { ResponderIo } from './io.ts'
import { at, CONTROL, OwnTree, TARGET } from './own-tree.ts'

/** Milliseconds. Watches are hints: this often the requests are listed without one. */
const RELIST_MS = 30_000

/** Milliseconds. The same while there is no control directory yet. */
const TREE_MS = 5_000

/** Milliseconds. The same while there are more requests than can be listed. */
const UNLISTABLE_MS = 1_000

/** Events under way to the ring; more than that at a time are a flood and are dropped. */
const EVENTS_UNDER_WAY_MAX = 32

export interface SessionParts {
  readonly xenstore: XenstoreClient
  readonly engine: Engine
  readonly monitor: Monitor
  readonly modelState: Observable<ModelState>
  readonly options: AgentOptions
  readonly states: StateChannels
  readonly log: Logger
}

/**
 * The agent on one connection to Xenstore: waits for the control directory, publishes status and hello as QEMU comes and goes, and feeds the engine.
 */
export class Session {
  readonly #parts: SessionParts
  readonly #tree: OwnTree
  readonly #subscriptions = new Subscription()
  #latest: ModelState | undefined
  #following = false
  /** Whether a hello should stand. */
  #isGreeting = false
  #over = false
  /** More requests than can be listed, as the last listing showed, and the next try. */
  #tooMany = false
  #nextTry: Subscription | undefined
  #seq = 0
  #eventsUnderWay = 0

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#tree = new OwnTree(parts.xenstore)
  }

  /** Waits until dom0 has laid out the domain and made the control directory for it. False when `signal` aborted before. */
  async treeReady(signal: AbortSignal): Promise<boolean> {
    const { xenstore, engine } = this.#parts
    // Also without a hint: even a watch's first event may be lost.
    const now = timer(TREE_MS, TREE_MS)
    const ready = merge(xenstore.watch(CONTROL), xenstore.watch(TARGET), now).pipe(
      concatMap(() => this.#tree.prepare(engine.refusedNode)),
      filter(Boolean),
      takeUntil(aborted(signal)),
    )
    return firstValueFrom(ready, { defaultValue: false })
  }

  /** Whether what stands there was published in the engine’s epoch. */
  async isOurs(): Promise<boolean> {
    return (await this.#tree.readEpoch()) === this.#parts.engine.epoch
  }

  /** Serves until `signal` aborts, at the end of the connection at the latest; then says goodbye if it still can. */
  async serve(signal: AbortSignal): Promise<void> {
    const { xenstore, monitor, modelState, engine } = this.#parts
    const io = new ResponderIo(
      xenstore,
      input => engine.tell(input),
      () => this.#listLater(),
      this.#parts.log,
    )
    try {
      if (engine.started) this.#follow(io)
      else await this.#takeOver()
      this.#subscriptions.add(
        modelState.subscribe(state => {
          this.#latest = state
        }),
      )
      const states = modelState.pipe(concatMap(state => this.#publish(state, io)))
      this.#subscriptions.add(states.subscribe({ error: error => this.#broken(error) }))
      this.#subscriptions.add(monitor.events.subscribe(event => this.#passOn(event)))
      await firstValueFrom(aborted(signal))
    } finally {
      this.#over = true
      this.#subscriptions.unsubscribe()
      engine.detach()
    }
    await Promise.allSettled([this.#tree.removeHello(), this.#lastStatus()])
  }

  /** An agent that ends because QEMU did says so for good. */
  #lastStatus(): Promise<void> {
    const latest = this.#latest
    return latest?.kind === 'exited' ? this.#writeStatus('qemu-exited', latest.reason) : this.#writeStatus('stopped')
  }

  /** An earlier agent's hello goes; from here on the status says whose tree it is. */
  async #takeOver(): Promise<void> {
    await this.#tree.removeHello()
    await this.#writeStatus('starting')
  }

  async #publish(state: ModelState, io: ResponderIo): Promise<void> {
    const { engine, monitor, log } = this.#parts
    this.#isGreeting = false
    if (state.kind !== 'ready') {
      await this.#tree.removeHello()
      // What is said at the end is the last word.
      return this.#over ? undefined : this.#writeStatus(STAGE_OF[state.kind], state.reason)
    }
    // Nothing is taken on before QEMU can be asked what became of what an earlier agent left.
    if (!this.#following) await this.#begin(io)
    const hello = helloOf(engine.epoch, await this.#tree.readTarget(), monitor.version, this.#parts)
    if (this.#over) return
    await Promise.all([this.#writeStatus('ready', state.remark), this.#tree.writeHello(hello)])
    this.#isGreeting = true
    log.info({ epoch: engine.epoch }, 'ready for commands')
  }

  /** The first time in an epoch: takes up what stands there; the watch's first event lists once more what came in between. */
  async #begin(io: ResponderIo): Promise<void> {
    const { xenstore, engine, states } = this.#parts
    await engine.predecessorOver
    const found = await takeStock(xenstore)
    await states.sweep(new Set(found.requests.map(({ id }) => id)))
    engine.attach(effect => io.perform(effect))
    engine.tell(found)
    this.#watchRequests()
  }

  /** After a reconnect in the same epoch. */
  #follow(io: ResponderIo): void {
    this.#parts.engine.attach(effect => io.perform(effect))
    this.#watchRequests()
  }

  #watchRequests(): void {
    this.#following = true
    const requests = this.#parts.xenstore.watch(at(Layout.dom0))
    this.#subscriptions.add(
      requests.subscribe({ next: path => this.#noticed(path), error: error => this.#broken(error) }),
    )
    const relist = setInterval(() => void this.#lookAround(), RELIST_MS)
    this.#subscriptions.add(() => clearInterval(relist))
  }

  #noticed(path: string): void {
    const node = parseNodeName(path.slice(`${CONTROL}/`.length))
    if (node.kind === 'request') this.#parts.engine.tell({ on: 'hint', command: node.command, id: node.id })
    else if (node.kind !== 'part') void this.#lookAround()
  }

  /** Something else happened to dom0's tree: requests may have come or gone, or the whole directory was made anew. */
  async #lookAround(): Promise<void> {
    try {
      if (!(await this.isOurs())) this.#broken(new Error('the control directory was made anew'))
      else if (this.#isGreeting && !(await this.#tree.hasHello())) this.#broken(new Error('the hello is gone'))
      else await this.#relist()
    } catch (error) {
      if (!isUnlistable(error)) return this.#broken(error)
      this.#listLater()
    }
  }

  /** Until there are fewer, each request is still noticed by an event of its own; which answers were collected is not. */
  #listLater(): void {
    if (this.#nextTry?.closed === false) return
    if (!this.#tooMany) this.#parts.log.warn('there are more requests than can be listed')
    this.#tooMany = true
    this.#nextTry = timer(UNLISTABLE_MS).subscribe(() => void this.#lookAround())
    this.#subscriptions.add(this.#nextTry)
  }

  async #relist(): Promise<void> {
    const { engine, xenstore } = this.#parts
    const found = await listRequests(xenstore)
    this.#tooMany = false
    const commands = new Set([...engine.commands, ...found.map(({ command }) => command)])
    for (const command of commands) {
      const ids = found.filter(request => request.command === command).map(({ id }) => id)
      engine.tell({ on: 'requests-listed', command, ids })
    }
  }

  #passOn(event: Parameters<typeof controlEvent>[1]): void {
    const passed = controlEvent(this.#seq, event)
    if (!passed || this.#eventsUnderWay >= EVENTS_UNDER_WAY_MAX) return
    this.#seq++
    this.#writeEvent(passed)
  }

  #writeEvent(event: ControlEvent): void {
    this.#eventsUnderWay++
    this.#tree
      .writeEvent(event)
      .catch(error => this.#parts.log.debug({ error: (error as Error).message }, 'an event was not published'))
      .finally(() => this.#eventsUnderWay--)
  }

  #writeStatus(stage: AgentStage, error?: string): Promise<void> {
    const { epoch } = this.#parts.engine
    const reason = error === undefined ? {} : { error: printable(error) }
    return this.#tree.writeStatus({ v: 1, agent: AGENT_VERSION, epoch, stage, ...reason })
  }

  /** What cannot be published cannot be served: a new connection starts over. */
  #broken(error: unknown): void {
    this.#parts.log.warn({ error: (error as Error).message }, 'Xenstore refused; connecting anew')
    void this.#parts.xenstore.close()
  }
}

const STAGE_OF = {
  connecting: 'connecting-qemu',
  silent: 'qemu-silent',
  gone: 'qemu-gone',
  'reading-config': 'reading-config',
  'waiting-devices': 'waiting-devices',
  'starting-qemu': 'starting-qemu',
  exited: 'qemu-exited',
} as const satisfies Record<Exclude<ModelState['kind'], 'ready'>, AgentStage>
