import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, startXenstored, type TestXenstored } from '@stubdom/test-xenstored'
import type { XenstoreClient } from '@stubdom/xenstore'
import { Child } from '../child.ts'
import type { Qemu } from '../qemu/qemu.ts'
import { type Guest, type QemuOptions, startQemu } from '../qemu/start.ts'
import { Multiplexer } from '../xenbus/multiplexer.ts'
import { type DomainPair, layOutDomains } from './libxl-nodes.ts'
import { PciFront } from './pci-front.ts'
import { PROGRAMS } from './programs.ts'

export interface WorldOptions {
  /** What the guest does when it is asked to give a device up; cooperative unless said otherwise. */
  readonly guest?: Guest
  /** Another QEMU, or one with more arguments. */
  readonly qemu?: Pick<QemuOptions, 'program' | 'extraArgs'>
  /** Domids and name; hvm1 is 6, its stubdomain 7. */
  readonly domains?: DomainPair
  /** The device that stands in for a passed-through one. */
  readonly driver?: string
  /** Devices are waited for on {@link World.pciFront}, although they are emulated. */
  readonly sysfs?: boolean
  /** Arguments for the agent besides those that the world needs. */
  readonly agentArguments?: readonly string[] | ((world: World) => readonly string[])
  /** The Xenstore to use: Debian's xenstored or oxenstored, or the embedded one, which is the default. */
  readonly daemon?: Daemon
  /** The agent's bundle; the one that ships unless said otherwise. */
  readonly agentProgram?: string
  /** For the agent’s Node. */
  readonly nodeFlags?: readonly string[]
  /** What the agent has in its environment besides what the world needs. */
  readonly agentEnvironment?: NodeJS.ProcessEnv
  /** A Xenstore that runs already, so that several worlds share it; who started it ends it. Their domids must differ. */
  readonly xenstored?: TestXenstored
  /** Do not start the agent yet. */
  readonly withoutAgent?: boolean
}

/**
 * A world to try things in, as libxl would have set it up: a Xenstore, a guest and its stubdomain, a real QEMU and the agent.
 */
export class World {
  readonly domains: DomainPair
  /** Everything that belongs to the world lies in here. */
  readonly directory: string
  readonly xenstored: TestXenstored
  #qemu: Qemu
  readonly #buses: readonly Multiplexer[]
  readonly #options: WorldOptions
  #agent: Child | undefined

  static async start(options: WorldOptions = {}): Promise<World> {
    const domains = options.domains ?? { guest: 6, stubdomain: 7, name: 'hvm1' }
    const directory = await mkdtemp(join(tmpdir(), 'stubdom-'))
    const xenstored = options.xenstored ?? (await startXenstored({ daemon: options.daemon ?? 'embedded' }))
    const buses: Multiplexer[] = []
    let qemu: Qemu | undefined
    try {
      await mkdir(join(directory, 'save'), { mode: 0o700 })
      await createDomains(xenstored, domains)
      for (const domid of [domains.guest, domains.stubdomain]) {
        const upstream = xenstored.domainSocketPath(domid)
        buses.push(await Multiplexer.listen({ path: busPath(directory, domid), upstream }))
      }
      qemu = await startQemu(qemuOptions(directory, options))
      const world = new World(options, domains, { directory, xenstored, buses, qemu })
      if (!options.withoutAgent) await world.startAgent()
      return world
    } catch (error) {
      await qemu?.stop()
      await Promise.all(buses.map(bus => bus.close()))
      await leave(xenstored, domains, options).catch(() => undefined) // What went wrong first says more.
      await rm(directory, { recursive: true, force: true })
      throw error
    }
  }

  private constructor(
    options: WorldOptions,
    domains: DomainPair,
    parts: Pick<World, 'directory' | 'xenstored' | 'qemu'> & { readonly buses: readonly Multiplexer[] },
  ) {
    this.#options = options
    this.domains = domains
    this.directory = parts.directory
    this.xenstored = parts.xenstored
    this.#buses = parts.buses
    this.#qemu = parts.qemu
  }

  /** A connection as dom0; another one after the Xenstore was restarted. */
  get dom0(): XenstoreClient {
    return this.xenstored.dom0
  }

  /** Where dom0's programs find the Xenstore (XENSTORED_PATH). */
  get dom0Socket(): string {
    return this.xenstored.socketPath
  }

  /** Where the programs of the guest, or of its stubdomain, find it: any number of them at a time, as on /dev/xen/xenbus. */
  domainSocket(domid: number): string {
    return busPath(this.directory, domid)
  }

  get controlDirectory(): string {
    return `/local/domain/${this.domains.stubdomain}/dm-control`
  }

  /** The directory of save-state's channel `file`. */
  get saveDirectory(): string {
    return join(this.directory, 'save')
  }

  /** The stubdomain’s PCI bus. */
  get pciFront(): PciFront {
    return new PciFront(this.dom0, this.domains.stubdomain, join(this.directory, 'sys'))
  }

  /** What a shell of dom0 has in its environment here. */
  get environment(): NodeJS.ProcessEnv {
    return { XENSTORED_PATH: this.dom0Socket, STUBDOM_SAVE_DIR: this.saveDirectory }
  }

  /** The QEMU that runs, or ran last. */
  get qemu(): Qemu {
    return this.#qemu
  }

  /** Starts another QEMU in the place of one that has ended, with arguments of its own besides. */
  async restartQemu(...more: string[]): Promise<void> {
    await this.#qemu.stop()
    this.#qemu = await startQemu(qemuOptions(this.directory, this.#options, more))
  }

  /** The agent’s process; undefined while none was started. */
  get agent(): Child | undefined {
    return this.#agent
  }

  /** Starts the agent in the stubdomain; it becomes ready when dom0 has made the control directory. */
  async startAgent(): Promise<Child> {
    const {
      driver = 'edu',
      agentArguments = [],
      agentProgram = PROGRAMS.agent,
      agentEnvironment,
      nodeFlags = [],
    } = this.#options
    const args = ['--qmp', this.qemu.qmpPath, '--driver', driver, '--save-dir', this.saveDirectory]
    const waiting = this.#options.sysfs ? ['--sysfs', this.pciFront.sysfs] : []
    const more = typeof agentArguments === 'function' ? agentArguments(this) : agentArguments
    const xenstore = this.domainSocket(this.domains.stubdomain)
    const env = { PATH: process.env['PATH'], XENSTORED_PATH: xenstore, ...agentEnvironment }
    this.#agent = await Child.start(
      process.execPath,
      [...nodeFlags, agentProgram, ...args, ...waiting, ...more],
      [],
      env,
    )
    return this.#agent
  }

  /** Ends the agent with SIGKILL, as a crash would. */
  async killAgent(): Promise<void> {
    this.#agent?.signal('SIGKILL')
    await this.#agent?.exited
  }

  /** Starts the Xenstore anew, with an empty store, and lays the domains out once more; those of this world alone. */
  async restartXenstored(): Promise<void> {
    await this.xenstored.restart()
    await createDomains(this.xenstored, this.domains)
  }

  /** Ends every process and removes every file; of a Xenstore that others use, its domains. */
  async stop(): Promise<void> {
    await this.killAgent()
    await this.qemu.stop()
    await Promise.all(this.#buses.map(bus => bus.close()))
    await leave(this.xenstored, this.domains, this.#options)
    await rm(this.directory, { recursive: true, force: true })
  }
}

function busPath(directory: string, domid: number): string {
  return join(directory, `dom${domid}.sock`)
}

function qemuOptions(dir: string, { guest = 'cooperative', qemu }: WorldOptions, more: string[] = []): QemuOptions {
  return { ...qemu, dir, guest, extraArgs: [...(qemu?.extraArgs ?? []), ...more] }
}

async function createDomains(xenstored: TestXenstored, domains: DomainPair): Promise<void> {
  await xenstored.hypervisor.create(domains.guest)
  await xenstored.hypervisor.create(domains.stubdomain)
  await layOutDomains(xenstored.dom0, domains)
}

/** Ends the Xenstore; one that others use goes on without these domains, as after libxl has destroyed them. */
async function leave(xenstored: TestXenstored, domains: DomainPair, options: WorldOptions): Promise<void> {
  if (!options.xenstored) return xenstored.stop()
  for (const domid of [domains.stubdomain, domains.guest]) {
    await xenstored.destroyDomain(domid)
    await xenstored.dom0.rm(`/local/domain/${domid}`)
  }
}
