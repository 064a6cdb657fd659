import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, startXenstored, type TestXenstored } from '@stubdom/test-xenstored'
import type { XenstoreClient } from '@stubdom/xenstore'
import { Child } from '../child.ts'
import type { Qemu } from '../qemu/qemu.ts'
import { type Guest, startQemu } from '../qemu/start.ts'
import { Multiplexer } from '../xenbus/multiplexer.ts'
import { type DomainPair, layOutDomains } from './libxl-nodes.ts'
import { PROGRAMS } from './programs.ts'

export interface WorldOptions {
  /** What the guest does when it is asked to give a device up; cooperative unless said otherwise. */
  readonly guest?: Guest
  /** Domids and name; hvm1 is 6, its stubdomain 7. */
  readonly domains?: DomainPair
  /** The device that stands in for a passed-through one. */
  readonly driver?: string
  /** Arguments for the agent besides those that the world needs. */
  readonly agentArguments?: readonly string[]
  /** Arguments for QEMU besides those that the world needs. */
  readonly qemuArguments?: readonly string[]
  /** The Xenstore to use: Debian's xenstored or oxenstored, or the embedded one, which is the default. */
  readonly daemon?: Daemon
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
    const xenstored = await startXenstored({ daemon: options.daemon ?? 'embedded' })
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
      await xenstored.stop()
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
    const { driver = 'edu', agentArguments = [] } = this.#options
    const args = ['--qmp', this.qemu.qmpPath, '--driver', driver, '--save-dir', this.saveDirectory, ...agentArguments]
    const env = { PATH: process.env['PATH'], XENSTORED_PATH: this.domainSocket(this.domains.stubdomain) }
    this.#agent = await Child.start(process.execPath, [PROGRAMS.agent, ...args], [], env)
    return this.#agent
  }

  /** Ends the agent with SIGKILL, as a crash would. */
  async killAgent(): Promise<void> {
    this.#agent?.signal('SIGKILL')
    await this.#agent?.exited
  }

  /** Starts the Xenstore anew, with an empty store, and lays the domains out once more. */
  async restartXenstored(): Promise<void> {
    await this.xenstored.restart()
    await createDomains(this.xenstored, this.domains)
  }

  /** Ends every process and removes every file. */
  async stop(): Promise<void> {
    await this.killAgent()
    await this.qemu.stop()
    await Promise.all(this.#buses.map(bus => bus.close()))
    await this.xenstored.stop()
    await rm(this.directory, { recursive: true, force: true })
  }
}

function qemuOptions(dir: string, { guest = 'cooperative', qemuArguments = [] }: WorldOptions, more: string[] = []) {
  return { dir, guest, extraArgs: [...qemuArguments, ...more] }
}

function busPath(directory: string, domid: number): string {
  return join(directory, `dom${domid}.sock`)
}

async function createDomains(xenstored: TestXenstored, domains: DomainPair): Promise<void> {
  await xenstored.hypervisor.create(domains.guest)
  await xenstored.hypervisor.create(domains.stubdomain)
  await layOutDomains(xenstored.dom0, domains)
}
