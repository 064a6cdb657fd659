import { createHash } from 'node:crypto'
import {
  type CommandKey,
  type ExecutionOutcome,
  type Removal,
  Responder,
  type ResponderEffect,
  type ResponderInput,
} from '@stubdom/protocol'
import type { StoreEffect } from './control/io.ts'
import { type ExecutionListener, Executions } from './executions.ts'
import { newEpoch } from './identity.ts'
import type { Logger } from './logger.ts'
import type { AgentOptions } from './options.ts'
import type { Arrivals } from './pci/arrivals.ts'
import { Removals } from './pci/removals.ts'
import type { Turn } from './pci/turn.ts'
import type { Monitor } from './qemu/monitor.ts'
import type { StateChannels } from './save/channel.ts'
import { reached } from './steps.ts'
import { AGENT_VERSION } from './version.ts'

/** The longest that setTimeout can wait. */
const TIMER_MS_MAX = 0x7fff_ffff

/** Does an effect; resolves with whether it was done. */
type Store = (effect: StoreEffect) => Promise<boolean>

const NOT_WRITTEN = Promise.resolve(false)

/** What an engine is built from. */
export interface EngineParts {
  readonly options: AgentOptions
  readonly monitor: Monitor
  readonly states: StateChannels
  readonly turn: Turn
  readonly arrivals: Arrivals | undefined
  readonly log: Logger
}

/**
 * One epoch of the agent: drives the responder with a clock, has commands carried out, and outlives connections to Xenstore. What the responder wants done in
 * Xenstore goes to whatever connection is attached; what is wanted while there is none is wanted again after `attach`.
 */
export class Engine implements ExecutionListener {
  readonly epoch = newEpoch()
  readonly removals = new Removals()
  readonly predecessorOver: Promise<void>
  readonly #responder: Responder
  readonly #executions: Executions
  readonly #startedAt = performance.now()
  #store: Store | undefined
  /** Whether the newest pending response was written. */
  #pendingWritten: Promise<boolean> = NOT_WRITTEN
  #started = false
  #stopped = false
  #timer: NodeJS.Timeout | undefined

  /** @param predecessorOver when QEMU has nothing any more of the epoch before: until then nothing can be told of what that one left */
  constructor(
    { options, monitor, states, turn, arrivals, log }: EngineParts,
    predecessorOver: Promise<void> = Promise.resolve(),
  ) {
    this.predecessorOver = predecessorOver
    this.#responder = new Responder({ epoch: this.epoch, sha256, window: options.window })
    const agent = {
      version: AGENT_VERSION,
      window: options.window,
      uptimeMs: () => performance.now() - this.#startedAt,
      inFlight: () => this.#responder.inFlight,
    }
    const common = { agent, removals: this.removals, turn, arrivals, driver: options.driver, states }
    this.#executions = new Executions(monitor, common, this, log)
  }

  /** Whether it took up what stood in the store: from then on a new connection is served on from where the last one was lost. */
  get started(): boolean {
    return this.#started
  }

  get refusedNode(): string {
    return this.#responder.refusedNode
  }

  /** Commands of which an id is held. */
  get commands(): ReadonlySet<string> {
    return this.#responder.commands
  }

  /** A connection to Xenstore is there. After an earlier one was lost, a listing of every command’s directory must follow. */
  attach(store: Store): void {
    this.#store = store
    this.tell({ on: 'disconnected' })
  }

  detach(): void {
    this.#store = undefined
  }

  /** The epoch is over: nothing more is begun, and what is under way is given up. Resolves when QEMU has nothing of it any more; never rejects. */
  stop(): Promise<void> {
    this.#stopped = true
    this.detach()
    clearTimeout(this.#timer)
    return this.#executions.abortAll()
  }

  tell(input: ResponderInput): void {
    if (this.#stopped) return
    if (input.on === 'started') this.#started = true
    if (input.on === 'answer-written') this.#executions.answered(input.id)
    if (input.on === 'answer-refused') void this.#answerRefused(input)
    else this.#handle(input)
  }

  /** What takes the answer's place is to be true already. */
  async #answerRefused(input: Extract<ResponderInput, { on: 'answer-refused' }>): Promise<void> {
    await this.#executions.unanswered(input.id)
    if (!this.#stopped) this.#handle(input)
  }

  #handle(input: ResponderInput): ResponderEffect[] {
    const effects = this.#responder.handle(input, performance.now())
    for (const effect of effects) this.#perform(effect)
    this.#schedule()
    return effects
  }

  #perform(effect: ResponderEffect): void {
    switch (effect.do) {
      case 'execute':
        return this.#execute(effect)
      case 'abort-execution':
        return this.#executions.abort(effect.id)
      case 'remove-response':
        reached('answer collected', effect)
        // What was kept for the answer goes first: with the response's node all of the command is gone.
        return void this.#executions.collected(effect).then(() => this.#remove(effect))
      case 'remove-parts':
        return void this.#remove(effect)
      case 'write-pending':
        this.#pendingWritten = this.#store?.(effect) ?? NOT_WRITTEN
        return
      default:
        void this.#store?.(effect)
    }
  }

  async #remove(effect: Removal): Promise<void> {
    if (await this.#store?.(effect)) this.tell({ on: 'removed', effect })
  }

  #execute({ command, id, args, mode, deadlineAt }: Extract<ResponderEffect, { do: 'execute' }>): void {
    this.#executions.start({ command, id }, args, mode, deadlineAt)
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    const wait = this.#responder.wakeAt - performance.now()
    if (wait === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.tell({ on: 'tick' }), Math.min(Math.max(Math.ceil(wait), 0), TIMER_MS_MAX))
  }

  commit(key: CommandKey): boolean {
    return !this.#stopped && this.#responder.commit(key)
  }

  stage(key: CommandKey, stage: string, progress?: { done: number; total?: number }): Promise<boolean> {
    // Nothing is written for a command that nobody waits for any more.
    this.#pendingWritten = NOT_WRITTEN
    this.tell({ on: 'stage', ...key, stage, ...(progress ? { progress } : {}) })
    return this.#pendingWritten
  }

  accepted(key: CommandKey): void {
    this.tell({ on: 'accepted', ...key })
  }

  executed(key: CommandKey, outcome: ExecutionOutcome): boolean {
    if (this.#stopped) return false
    const effects = this.#handle({ on: 'executed', ...key, outcome })
    return effects.some(effect => effect.do === 'write-answer' && effect.id === key.id)
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
