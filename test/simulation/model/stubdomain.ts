import { Monitor, runAgent } from '@stubdom/stubdom-agent'
import { type Clock, SimProcess } from '../engine/clock.ts'
import type { Random } from '../engine/random.ts'
import { DeviceModelHistory } from './device-model.ts'
import { silentLog } from './log.ts'
import { SimQemu } from './qemu.ts'
import { SaveDirectory } from './save-directory.ts'
import type { DomainPair } from './toolstack.ts'
import type { Xenstored } from './xenstored.ts'

/** As the real agent's, see packages/stubdom-agent/src/agent.ts. */
const TIMES = { timeoutMs: 25_000, silenceMs: 30_000 }

const OPTIONS = {
  qmp: '/run/qmp',
  xenstore: undefined,
  driver: 'xen-pci-passthrough',
  saveDir: undefined,
  saveConsole: undefined,
  restoreConsole: undefined,
  sysfs: undefined,
  front: undefined,
  window: 4,
  logLevel: 'silent',
}

export interface StubdomainParts {
  readonly clock: Clock
  readonly random: Random
  readonly xenstored: Xenstored
  /** An agent ended by itself, or called something its own fault. */
  readonly onFault: (message: string) => void
}

/** One stubdomain from its birth to its end: its QEMUs and its agents, the real ones, one after the other. */
export class SimStubdomain {
  readonly pair: DomainPair
  /** Tells those apart that have the same domid. */
  readonly name: string
  readonly history = new DeviceModelHistory()
  readonly saved = new SaveDirectory()
  readonly bornAt: number
  diedAt = Number.POSITIVE_INFINITY
  /** It harmed its own nodes: its answers are its own affair. */
  spoiltAt = Number.POSITIVE_INFINITY
  agent: SimProcess | undefined
  qemu: SimQemu
  /** Told what its QEMU does, for the trace. */
  onQemu: (text: string) => void = () => {}
  readonly #parts: StubdomainParts
  #count = 0

  constructor(pair: DomainPair, name: string, parts: StubdomainParts) {
    this.pair = pair
    this.name = name
    this.#parts = parts
    this.bornAt = parts.clock.now
    this.qemu = this.#newQemu()
  }

  get isAlive(): boolean {
    return this.diedAt === Number.POSITIVE_INFINITY
  }

  startAgent(): void {
    if (!this.isAlive || this.agent?.alive) return
    const { clock, xenstored, onFault } = this.#parts
    const agent = new SimProcess(`agent ${this.name}.${++this.#count}`)
    this.agent = agent
    const log = silentLog(message => onFault(`${agent.name}: ${message}`))
    clock.after(0, agent, () => {
      const monitor = new Monitor(OPTIONS.qmp, log, options => this.qemu.connector(agent)(options))
      const edges = {
        connectXenstore: () => xenstored.connect(this.pair.stubdomain, agent, TIMES),
        states: this.saved,
      }
      runAgent(OPTIONS, log, new AbortController().signal, { monitor, state: monitor.state }, edges).then(
        () => onFault(`${agent.name} ended`),
        (error: unknown) => onFault(`${agent.name} ended: ${(error as Error).stack}`),
      )
    })
  }

  killAgent(): void {
    const { agent } = this
    if (!agent?.alive) return
    agent.kill()
    // A state on its way stands in a file of the agent's own, without a name.
    this.saved.files.clear()
    this.#parts.xenstored.disconnect(agent)
  }

  startQemu(): void {
    if (this.isAlive && !this.qemu.process.alive) this.qemu = this.#newQemu()
  }

  die(): void {
    if (!this.isAlive) return
    this.diedAt = this.#parts.clock.now
    this.agent?.kill()
    this.qemu.kill()
  }

  #newQemu(): SimQemu {
    const { clock, random } = this.#parts
    return new SimQemu(
      `qemu ${this.name}`,
      {
        clock,
        random,
        history: this.history,
        files: this.saved.files,
        say: text => this.onQemu(text),
      },
      { repeatsUnplug: random.chance(0.8), finaliseMs: random.pick([0, 50, 5_000]) },
    )
  }
}
