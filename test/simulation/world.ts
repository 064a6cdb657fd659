import { Op } from '@stubdom/xenstore'
import { describe } from './check/calls.ts'
import type { Violation } from './check/violation.ts'
import { Clock, type SimProcess } from './engine/clock.ts'
import { Random } from './engine/random.ts'
import type { CallRecord } from './model/calls.ts'
import { Dom0Process } from './model/dom0-process.ts'
import { SimStubdomain } from './model/stubdomain.ts'
import { type DomainPair, Toolstack } from './model/toolstack.ts'
import { type Operation, Xenstored } from './model/xenstored.ts'
import type { Action, Plan, Spoiling } from './plan/step.ts'

/** Milliseconds for which a request of unknown outcome is kept: shorter than in earnest, since nobody needs to sleep. */
export const RETENTION_MS = 60_000

/** An operation about a request or a response. */
export interface Exchange extends Operation {
  readonly at: number
  /** Of the agent that did it. */
  readonly epoch: string
  readonly side: 'dom0' | 'stubdom'
  readonly command: string
  readonly id: string
}

/** Time in which something stood still or was away, so that calls may take longer than they should. */
export interface Standstill {
  readonly from: number
  readonly to: number
  /** Undefined: all were concerned. */
  readonly process: SimProcess | undefined
}

const PATH = /^\/local\/domain\/(\d+)\/dm-control\/(dom0|stubdom)\/(?:request|response)\/([^/]+)\/([^/]+)$/

/** Everything there is, and what happened. */
export class World {
  readonly clock = new Clock()
  readonly xenstored: Xenstored
  readonly toolstack: Toolstack
  readonly calls: CallRecord[] = []
  readonly exchanges: Exchange[] = []
  readonly standstills: Standstill[] = []
  readonly faults: string[] = []
  readonly unrecovered: Violation[] = []
  /** All that there ever were. */
  readonly stubdomains: SimStubdomain[] = []
  readonly trace: { at: number; text: string }[] = []
  readonly #random: Random
  readonly #isTraced: boolean
  readonly #pairs: DomainPair[] = []
  readonly #processes: Dom0Process[]
  #dom0Count = 0
  /** How many each agent has begun. */
  readonly #epochs = new Map<string, number>()

  constructor(plan: Plan, isTraced: boolean) {
    this.#isTraced = isTraced
    this.#random = new Random(plan.seed, 'luck')
    this.clock.onError = (error, process) => this.fault(`${process.name}: ${(error as Error).stack}`)
    this.xenstored = new Xenstored(this.clock, new Random(plan.seed, 'xenstored'), { nodes: plan.nodes })
    this.xenstored.onOperation = operation => this.#operated(operation)
    this.toolstack = new Toolstack(this.xenstored)
    for (let index = 0; index < plan.pairs; index++) {
      this.#pairs.push({ guest: 6 + 2 * index, stubdomain: 7 + 2 * index })
      this.#create(index)
    }
    this.#processes = plan.processes.map(style => this.newDom0(style))
  }

  fault(message: string): void {
    this.faults.push(message)
    this.say(`FAULT ${message}`)
  }

  say(text: string): void {
    if (this.#isTraced) this.trace.push({ at: this.clock.now, text })
  }

  get pairs(): readonly DomainPair[] {
    return this.#pairs
  }

  /** The stubdomain that a pair has now, dead or alive. */
  stubdomainOf(index: number): SimStubdomain {
    const { stubdomain } = this.#pairs[index] as DomainPair
    return this.stubdomains.findLast(({ pair }) => pair.stubdomain === stubdomain) as SimStubdomain
  }

  newDom0(style: 'node' | 'directory'): Dom0Process {
    return new Dom0Process(`dom0 ${++this.#dom0Count}`, style, {
      clock: this.clock,
      xenstored: this.xenstored,
      calls: this.calls,
      retentionMs: RETENTION_MS,
      savedBy: domid => this.stubdomains.findLast(({ pair }) => pair.stubdomain === domid)?.saved,
      onCall: call => this.#isTraced && this.say(describeCall(call)),
    })
  }

  /** Whether all who still could be told how their calls ended have been. */
  get isAnswered(): boolean {
    return this.calls.every(({ ending, process }) => ending || !process.alive)
  }

  /** Does what a step says, at its time. */
  act(action: Action): void {
    if (this.#isTraced && action.do !== 'give') this.say(`STEP ${JSON.stringify(action)}`)
    this.#act(action)
  }

  /** Nothing goes wrong any more, and everything is there. */
  heal(): void {
    const { xenstored } = this
    this.say('STEP heal')
    xenstored.faults.heal()
    if (!xenstored.isUp) this.#startXenstored(0)
    for (const stubdomain of this.stubdomains) {
      if (!stubdomain.isAlive) continue
      stubdomain.startQemu()
      const { qemu } = stubdomain
      Object.assign(qemu, { slowMs: 0, mood: 'answers', deafUntil: 0, eventTrouble: 0 })
      stubdomain.startAgent()
    }
  }

  /** What was asked last, when nothing went wrong any more, must have been done. */
  checkRecovery(first: number, count: number): void {
    const asked = this.calls.slice(first)
    if (asked.length < count) this.unrecovered.push({ promise: 'recovery', text: 'a guest was not found' })
    for (const call of asked) {
      if (call.ending?.kind === 'done') continue
      this.unrecovered.push({ promise: 'recovery', id: call.id, text: `${describe(call)} although all was well` })
    }
  }

  /** All of dom0 ends in an orderly way. */
  closeAll(...others: Dom0Process[]): void {
    for (const dom0 of [...this.#processes, ...others]) {
      this.clock.after(0, dom0.process, () => void dom0.close().catch(error => this.fault(String(error))))
    }
  }

  #act(action: Action): void {
    const { clock, xenstored } = this
    switch (action.do) {
      case 'give':
      case 'pick-up':
        return this.#order(action)
      case 'kill-dom0': {
        const dom0 = this.#dom0(action.process)
        dom0.kill()
        this.#standstill(0, dom0.process)
        this.#processes[action.process] = this.newDom0(this.#random.pick(['node', 'directory'] as const))
        return
      }
      case 'stop-dom0':
        return this.#stop(this.#dom0(action.process).process, action.ms)
      case 'cut-dom0':
        return this.#cut(this.#dom0(action.process).process)
      case 'kill-agent': {
        const stubdomain = this.stubdomainOf(action.pair)
        stubdomain.killAgent()
        clock.after(action.backAfterMs, clock.outside, () => stubdomain.startAgent())
        return
      }
      case 'stop-agent': {
        const { agent } = this.stubdomainOf(action.pair)
        return agent && this.#stop(agent, action.ms)
      }
      case 'cut-agent': {
        const { agent } = this.stubdomainOf(action.pair)
        return agent && this.#cut(agent)
      }
      case 'kill-qemu': {
        const stubdomain = this.stubdomainOf(action.pair)
        stubdomain.qemu.kill()
        clock.after(action.backAfterMs, clock.outside, () => stubdomain.startQemu())
        return
      }
      case 'stop-qemu':
        return this.#stop(this.stubdomainOf(action.pair).qemu.process, action.ms)
      case 'slow-qemu': {
        const { qemu } = this.stubdomainOf(action.pair)
        qemu.slowMs = action.effortMs
        return void clock.after(action.ms, clock.outside, () => void (qemu.slowMs = 0))
      }
      case 'lose-qemu-events': {
        const { qemu } = this.stubdomainOf(action.pair)
        qemu.eventTrouble = action.probability
        return void clock.after(action.ms, clock.outside, () => void (qemu.eventTrouble = 0))
      }
      case 'guest': {
        const { qemu } = this.stubdomainOf(action.pair)
        qemu.mood = action.mood
        qemu.deafUntil = clock.now + action.deafMs
        return
      }
      case 'disturb-watches':
        return xenstored.faults.disturbEvents(action.faults, action.ms)
      case 'fill-quota':
        return xenstored.faults.fill((this.#pairs[action.pair] as DomainPair).stubdomain, action.ms)
      case 'conflicts':
        return xenstored.faults.conflict(action.ms)
      case 'stop-xenstored':
        return this.#stop(xenstored.process, action.ms, 'all')
      case 'restart-xenstored': {
        if (!xenstored.isUp) return
        xenstored.kill()
        this.#standstill(action.backAfterMs + action.domainsAfterMs, undefined)
        clock.after(action.backAfterMs, clock.outside, () => this.#startXenstored(action.domainsAfterMs))
        return
      }
      case 'destroy':
        return this.#destroy(action)
      case 'set-clock':
        clock.wallAhead += action.byMs
        return
      case 'spoil':
        return this.#spoil(action.pair, action.how)
    }
  }

  #order(action: Extract<Action, { do: 'give' | 'pick-up' }>): void {
    const { deadlineMs, graceMs, cancelAfterMs } = action
    const timing = { deadlineMs, graceMs, ...(cancelAfterMs === undefined ? {} : { cancelAfterMs }) }
    const dom0 = this.#dom0(action.process)
    const { clock } = this
    if (action.do === 'give') {
      const { guest } = this.#pairs[action.pair] as DomainPair
      const order = { guest, command: action, ...timing }
      clock.after(0, dom0.process, () => dom0.give(order))
      return
    }
    const pickUp = this.calls.at(-1 - action.call)
    if (!pickUp) return
    const order = { guest: pickUp.order.guest, command: pickUp.order.command, ...timing, pickUp }
    clock.after(0, dom0.process, () => dom0.give(order))
  }

  #dom0(index: number): Dom0Process {
    return this.#processes[index] as Dom0Process
  }

  #create(index: number): void {
    const pair = this.#pairs[index] as DomainPair
    const { clock, xenstored } = this
    const name = `${pair.stubdomain}${'abcdefgh'[this.stubdomains.filter(other => other.pair === pair).length]}`
    const onFault = (message: string): void => this.fault(message)
    const stubdomain = new SimStubdomain(pair, name, { clock, random: this.#random, xenstored, onFault })
    stubdomain.onQemu = text => this.say(`${stubdomain.name}: ${text}`)
    this.stubdomains.push(stubdomain)
    if (xenstored.isUp) this.toolstack.layOut(pair)
    stubdomain.qemu.plug('pci-pt-06_00.0', 0x1f)
    clock.after(this.#random.between(0, 50), clock.outside, () => stubdomain.startAgent())
  }

  #destroy({ pair: index, clearUpAfterMs, reuseAfterMs }: Extract<Action, { do: 'destroy' }>): void {
    const { clock, xenstored, toolstack } = this
    const stubdomain = this.stubdomainOf(index)
    if (!stubdomain.isAlive) return
    stubdomain.die()
    // A daemon that stands still hears of it later, and so does all that comes after.
    clock.after(0, xenstored.process, () => xenstored.isUp && toolstack.destroy(stubdomain.pair))
    clock.after(clearUpAfterMs, xenstored.process, () => xenstored.isUp && toolstack.clearUp(stubdomain.pair))
    if (reuseAfterMs === undefined) return
    clock.after(clearUpAfterMs + reuseAfterMs, xenstored.process, () => this.#create(index))
  }

  #startXenstored(domainsAfterMs: number): void {
    const { clock, xenstored } = this
    if (xenstored.isUp) return
    xenstored.start()
    for (const stubdomain of this.stubdomains) {
      if (!stubdomain.isAlive) continue
      const layOut = (): void => {
        if (stubdomain.isAlive && xenstored.isUp) this.toolstack.layOut(stubdomain.pair)
      }
      if (domainsAfterMs === 0) layOut()
      else clock.after(domainsAfterMs, clock.outside, layOut)
    }
  }

  #stop(process: SimProcess, ms: number, concerns: 'it' | 'all' = 'it'): void {
    process.stoppedUntil = Math.max(process.stoppedUntil, this.clock.now + ms)
    this.#standstill(ms, concerns === 'it' ? process : undefined)
  }

  #cut(process: SimProcess): void {
    this.xenstored.disconnect(process)
    this.#standstill(0, process)
  }

  #standstill(ms: number, process: SimProcess | undefined): void {
    this.standstills.push({ from: this.clock.now, to: this.clock.now + ms, process })
  }

  #spoil(index: number, how: Spoiling): void {
    const stubdomain = this.stubdomainOf(index)
    const { xenstored } = this
    if (!stubdomain.isAlive || !xenstored.has(stubdomain.pair.stubdomain) || xenstored.isStopped) return
    stubdomain.spoiltAt = Math.min(stubdomain.spoiltAt, this.clock.now)
    const { pair } = stubdomain
    const own = `/local/domain/${pair.stubdomain}/dm-control/stubdom`
    const say = (op: number, ...strings: string[]): void =>
      void xenstored.request(op, strings.map(text => `${text}\0`).join(''), pair.stubdomain)
    switch (how) {
      case 'remove-hello':
        return say(Op.RM, `${own}/hello`)
      case 'remove-responses':
        return say(Op.RM, `${own}/response`)
      case 'remove-all':
        return say(Op.RM, own)
      case 'open-to-guest':
        return say(Op.SET_PERMS, own, `n${pair.stubdomain}`, `b${pair.guest}`, 'r0')
      case 'shut-out-dom0':
        return say(Op.SET_PERMS, own, `n${pair.stubdomain}`)
    }
  }

  #operated(operation: Operation): void {
    const match = PATH.exec(operation.path)
    if (this.#isTraced) this.#traceOperation(operation)
    if (isEpochBegun(operation)) this.#epochs.set(operation.who, (this.#epochs.get(operation.who) ?? 0) + 1)
    if (!match) return
    const [, , side, command, id] = match
    this.exchanges.push({
      ...operation,
      epoch: `${operation.who}, epoch ${this.#epochs.get(operation.who)}`,
      at: this.clock.now,
      side: side as Exchange['side'],
      command: command ?? '',
      id: id ?? '',
    })
  }

  #traceOperation({ who, op, path, value, errno }: Operation): void {
    const name = OPERATIONS.get(op)
    if (!name || !path.includes('/dm-control')) return
    const short = path.replace(/^\/local\/domain\/(\d+)\/dm-control/, '$1:')
    const what = op === Op.WRITE || op === Op.READ ? ` ${value}` : ''
    this.say(`${who} ${name} ${short}${errno === undefined ? what : ` -> ${errno}`}`)
  }
}

/** The first that an agent says in an epoch. */
function isEpochBegun({ op, path, value }: Operation): boolean {
  return op === Op.WRITE && path.endsWith('/stubdom/status') && value.includes('"starting"')
}

const OPERATIONS = new Map<number, string>([
  [Op.WRITE, 'WRITE'],
  [Op.READ, 'READ'],
  [Op.RM, 'RM'],
  [Op.DIRECTORY, 'LIST'],
])

function describeCall({ process, id, order, ending }: CallRecord): string {
  if (ending) return `${process.name} END ${id} ${JSON.stringify(ending)}`
  const { command, deadlineMs, graceMs, pickUp } = order
  const { command: name, ...rest } = command
  return `${process.name} ${pickUp ? 'PICK-UP' : 'GIVE'} ${id} ${name} ${JSON.stringify({ ...argsOf(rest), deadlineMs, graceMs })}`
}

function argsOf({ bdf, slot, resume }: { bdf?: string; slot?: number; resume?: boolean }): object {
  return { bdf, slot, resume }
}
