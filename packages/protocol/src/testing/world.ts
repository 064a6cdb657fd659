import { Layout, parseNodeName } from '../layout.ts'
import { Call, type CallSpec } from '../requester/call.ts'
import type { CallEffect, CallInput } from '../requester/io.ts'
import type { Verdict } from '../requester/verdict.ts'
import type { CommandKey, ExecutionMode, ResponderEffect, ResponderInput } from '../responder/io.ts'
import { Responder } from '../responder/responder.ts'
import { bytes, sha256 } from './text.ts'

/** Picks one of so many possibilities, from 0. */
export type Choose = (count: number) => number

/** One side's connection: what it wants done goes into the store in order, what it is told comes in order. */
interface Wire<Input> {
  wanted: (() => void)[]
  news: Input[]
}

interface Caller extends Wire<CallInput> {
  readonly call: Call
  endBy: number
  verdict?: Verdict
  endedAt?: number
}

interface Execution extends CommandKey {
  readonly mode: ExecutionMode
  readonly replay: boolean
  committed: boolean
  aborted: boolean
}

/** A store, one agent and some callers with a clock of their own; what happens next is chosen from outside. Watches may lose events. */
export class World {
  readonly store = new Map<string, string>()
  readonly callers: Caller[] = []
  /** How often each id had its effect. */
  readonly effects = new Map<string, number>()
  now = 0
  #epoch = 0
  #agent!: Responder
  #agentWire!: Wire<ResponderInput>
  #executions: Execution[] = []
  readonly #choose: Choose
  readonly #lossy: boolean

  /** @param lossy watches lose one event in eight */
  constructor(choose: Choose, lossy: boolean) {
    this.#choose = choose
    this.#lossy = lossy
    this.restart()
  }

  get epoch(): string {
    return `epoch${String(this.#epoch).padStart(4, '0')}`
  }

  add(spec: Omit<CallSpec, 'epoch' | 'sha256'>): void {
    const call = new Call({ ...spec, epoch: this.epoch, sha256 })
    const caller: Caller = {
      call,
      wanted: [],
      news: [{ on: 'start' }],
      endBy: Number.POSITIVE_INFINITY,
    }
    this.callers.push(caller)
  }

  /** The agent dies, whatever it is at, and comes up again. */
  restart(): void {
    this.#epoch++
    this.#executions = []
    this.#agent = new Responder({ epoch: this.epoch, sha256, window: 3 })
    const named = [...this.store].map(([path, text]) => ({ node: parseNodeName(path), text, path }))
    const requests = named.flatMap(({ node }) => (node.kind === 'request' ? [key(node)] : []))
    const responses = named.flatMap(({ node, text }) =>
      node.kind === 'response' ? [{ ...key(node), bytes: bytes(text) }] : [],
    )
    this.#agentWire = { wanted: [], news: [{ on: 'started', requests, responses, responseParts: [] }] }
  }

  /** The agent's connection breaks: some of what it wanted was done, nothing of that is told. */
  reconnect(): void {
    this.#agentWire = { wanted: [], news: [{ on: 'disconnected' }] }
    const commands = new Set([...this.#agent.commands, ...this.#requestedCommands()])
    for (const command of commands) this.#agentWire.wanted.push(() => this.#list(command))
  }

  /** Lists everything once, as the agent does now and then; what it learns may be out of date by then. */
  relist(): void {
    const wire = this.#agentWire
    wire.wanted.push(() => {
      const lists = [...this.#requestedCommands()].map(command => ({ command, ids: this.#idsOf(command) }))
      wire.wanted.push(() => {
        const gone = [...this.#agent.commands].filter(command => !lists.some(list => list.command === command))
        for (const list of [...lists, ...gone.map(command => ({ command, ids: [] }))]) {
          wire.news.push({ on: 'requests-listed', ...list })
        }
      })
    })
  }

  /** Another process of dom0 removes a request. */
  expire(): void {
    const requests = [...this.store.keys()].filter(path => parseNodeName(path).kind === 'request')
    const path = requests[this.#choose(requests.length)]
    if (path !== undefined) this.remove(path)
  }

  cancel(): void {
    const caller = this.callers[this.#choose(this.callers.length)]
    caller?.news.push({ on: 'cancel' })
  }

  /** Does one of the things that can happen at this moment. False when there is none. */
  step(): boolean {
    const possible: (() => void)[] = []
    for (const wire of [this.#agentWire, ...this.callers]) {
      if (wire.wanted.length > 0) possible.push(() => wire.wanted.shift()?.())
    }
    if (this.#agentWire.news.length > 0) possible.push(() => this.#tellAgent(this.#agentWire.news.shift()))
    for (const caller of this.callers)
      if (caller.news.length > 0) possible.push(() => this.#tell(caller, caller.news.shift()))
    for (const execution of this.#executions) possible.push(() => this.#goOn(execution))
    const happens = possible[this.#choose(possible.length)]
    happens?.()
    return happens !== undefined
  }

  /** Lets time pass until somebody waits for it no longer. False when nobody waits. */
  sleep(): boolean {
    const at = Math.min(this.#agent.wakeAt, ...this.callers.map(({ call }) => call.wakeAt))
    if (at === Number.POSITIVE_INFINITY) return false
    this.now = Math.max(this.now, at)
    if (this.#agent.wakeAt <= this.now) this.#tellAgent({ on: 'tick' })
    for (const caller of this.callers) if (caller.call.wakeAt <= this.now) this.#tell(caller, { on: 'tick' })
    return true
  }

  /** What has a deadline of its own is not chosen: a bounded number of steps, then time passes. */
  settle(): void {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      if (!this.step() && !this.sleep()) return
    }
    throw new Error('it does not come to rest')
  }

  remove(path: string): void {
    if (!this.store.delete(path)) return
    this.#fire(path)
  }

  #write(path: string, text: string): void {
    this.store.set(path, text)
    this.#fire(path)
  }

  #read(path: string): Uint8Array | undefined {
    const text = this.store.get(path)
    return text === undefined ? undefined : bytes(text)
  }

  #requestedCommands(): Set<string> {
    const nodes = [...this.store.keys()].map(parseNodeName)
    return new Set(nodes.flatMap(node => (node.kind === 'request' ? [node.command] : [])))
  }

  /** Tells watchers, unless the event is lost. */
  #fire(path: string): void {
    if (this.#lossy && this.#choose(8) === 0) return
    const node = parseNodeName(path)
    if (node.kind === 'request') this.#agentWire.news.push({ on: 'hint', ...key(node) })
    if (node.kind !== 'response') return
    const caller = this.callers.find(({ call }) => call.spec.id === node.id)
    caller?.news.push({ on: 'response-changed' })
  }

  #list(command: string): void {
    this.#agentWire.news.push({ on: 'requests-listed', command, ids: this.#idsOf(command) })
  }

  #idsOf(command: string): string[] {
    const nodes = [...this.store.keys()].map(parseNodeName)
    return nodes.flatMap(node => (node.kind === 'request' && node.command === command ? [node.id] : []))
  }

  #tellAgent(input: ResponderInput | undefined): void {
    if (!input) return
    const wire = this.#agentWire
    for (const effect of this.#agent.handle(input, this.now)) {
      if (effect.do === 'execute') this.#execute(effect)
      else if (effect.do === 'abort-execution') this.#abort(effect)
      else wire.wanted.push(() => this.#doForAgent(effect, wire))
    }
  }

  #execute({ command, id, mode }: Extract<ResponderEffect, { do: 'execute' }>): void {
    this.#executions.push({ command, id, mode, replay: command === 'ping', committed: false, aborted: false })
  }

  #abort({ id }: CommandKey): void {
    for (const execution of this.#executions) if (execution.id === id) execution.aborted = true
  }

  #goOn(execution: Execution): void {
    const { command, id, mode } = execution
    const had = this.effects.get(id) ?? 0
    if (mode.kind === 'run' && !execution.committed && !execution.aborted && this.#agent.commit(execution)) {
      execution.committed = true
      this.effects.set(id, had + 1)
      return
    }
    this.#executions = this.#executions.filter(other => other !== execution)
    const failure = { code: 'interrupted', message: '', outcome: 'not-done' } as const
    const outcome =
      execution.committed || (mode.kind === 'reconcile' && had > 0)
        ? ({ kind: 'done', result: command === 'ping' ? {} : DEVICE } as const)
        : mode.kind === 'reconcile'
          ? ({ kind: 'failed', error: failure } as const)
          : ({ kind: 'cancelled' } as const)
    this.#tellAgent({ on: 'executed', command, id, outcome })
  }

  #doForAgent(
    effect: Exclude<ResponderEffect, { do: 'execute' | 'abort-execution' }>,
    wire: Wire<ResponderInput>,
  ): void {
    switch (effect.do) {
      case 'read-request':
        return void wire.news.push({ on: 'request-read', ...key(effect), bytes: this.#read(requestOf(effect)) })
      case 'claim':
        this.#write(responseOf(effect), effect.node)
        return void wire.news.push({ on: 'claimed', ...key(effect), request: this.#read(requestOf(effect)) })
      case 'write-pending':
        return this.#write(responseOf(effect), effect.node)
      case 'write-answer':
        this.#write(responseOf(effect), effect.message.node)
        return void wire.news.push({ on: 'answer-written', ...key(effect) })
      case 'remove-response':
        this.remove(responseOf(effect))
        return void wire.news.push({ on: 'removed', effect })
      case 'list-requests':
        return this.#list(effect.command)
      case 'write-refused':
        return this.#write(Layout.refused, effect.node)
      case 'remove-parts':
      case 'read-request-parts':
        throw new Error('there are no parts here')
    }
  }

  #tell(caller: Caller, input: CallInput | undefined): void {
    if (!input) return
    const { deadlineMs, graceMs } = caller.call.spec
    if (input.on === 'start') caller.endBy = this.now + deadlineMs + graceMs
    for (const effect of caller.call.handle(input, this.now)) {
      if (effect.do === 'end') Object.assign(caller, { verdict: effect.verdict, endedAt: this.now })
      else if (effect.do !== 'report') caller.wanted.push(() => this.#doForCaller(effect, caller))
    }
  }

  #doForCaller(effect: Exclude<CallEffect, { do: 'end' | 'report' }>, caller: Caller): void {
    const name = { command: caller.call.spec.definition.name, id: caller.call.spec.id }
    const tell = (input: CallInput) => void caller.news.push(input)
    switch (effect.do) {
      case 'write-request':
        this.#write(requestOf(name), effect.message.node)
        return tell({ on: 'request-written' })
      case 'read-hello':
        // There is none while QEMU is gone.
        return tell({ on: 'hello-read', epoch: this.#choose(8) === 0 ? undefined : this.epoch })
      case 'read-request':
        return tell({ on: 'request-read', bytes: this.#read(requestOf(name)) })
      case 'read-response':
        return tell({ on: 'response-read', bytes: this.#read(responseOf(name)) })
      case 'read-refused':
        return tell({ on: 'refused-read', bytes: this.#read(Layout.refused) })
      case 'write-cancel':
        return this.#write(requestOf(name), effect.node)
      case 'withdraw':
        this.remove(requestOf(name))
        return tell({ on: 'withdrawn', response: this.#read(responseOf(name)) })
      case 'remove-request':
        return this.remove(requestOf(name))
      case 'read-parts':
        throw new Error('there are no parts here')
    }
  }
}

const DEVICE = { bdf: '0000:03:00.0', qdevId: 'pci-pt-0000_03_00.0', driver: 'xen-pci-passthrough' }

function key({ command, id }: CommandKey): CommandKey {
  return { command, id }
}

function requestOf({ command, id }: CommandKey): string {
  return Layout.request(command, id)
}

function responseOf({ command, id }: CommandKey): string {
  return Layout.response(command, id)
}
