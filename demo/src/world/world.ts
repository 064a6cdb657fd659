import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, startXenstored, type TestXenstored } from '@stubdom/test-xenstored'
import { XenstoreClient } from '@stubdom/xenstore'
import { Child } from '../child.ts'
import type { Qemu } from '../qemu/qemu.ts'
import { type Guest, startQemu } from '../qemu/start.ts'
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
  /** A connection as dom0. */
  readonly dom0: XenstoreClient
  readonly qemu: Qemu
  readonly #options: WorldOptions
  #agent: Child | undefined

  static async start(options: WorldOptions = {}): Promise<World> {
    const domains = options.domains ?? { guest: 6, stubdomain: 7, name: 'hvm1' }
    const directory = await mkdtemp(join(tmpdir(), 'stubdom-'))
    const xenstored = await startXenstored({ daemon: options.daemon ?? 'embedded' })
    let dom0: XenstoreClient | undefined
    let qemu: Qemu | undefined
    try {
      await mkdir(join(directory, 'save'), { mode: 0o700 })
      await xenstored.hypervisor.create(domains.guest)
      await xenstored.hypervisor.create(domains.stubdomain)
      dom0 = await XenstoreClient.connect({ path: xenstored.socketPath })
      await layOutDomains(dom0, domains)
      qemu = await startQemu({ dir: directory, guest: options.guest ?? 'cooperative' })
      const world = new World(options, domains, directory, xenstored, dom0, qemu)
      if (!options.withoutAgent) await world.startAgent()
      return world
    } catch (error) {
      await qemu?.stop()
      await dom0?.close()
      await xenstored.stop()
      await rm(directory, { recursive: true, force: true })
      throw error
    }
  }

  private constructor(
    options: WorldOptions,
    domains: DomainPair,
    directory: string,
    xenstored: TestXenstored,
    dom0: XenstoreClient,
    qemu: Qemu,
  ) {
    this.#options = options
    this.domains = domains
    this.directory = directory
    this.xenstored = xenstored
    this.dom0 = dom0
    this.qemu = qemu
  }

  /** Where dom0's programs find the Xenstore (XENSTORED_PATH). */
  get dom0Socket(): string {
    return this.xenstored.socketPath
  }

  /** Where a domain's programs find it. */
  domainSocket(domid: number): string {
    return this.xenstored.domainSocketPath(domid)
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

  /** Ends every process and removes every file. */
  async stop(): Promise<void> {
    await this.killAgent()
    await this.qemu.stop()
    await this.dom0.close()
    await this.xenstored.stop()
    await rm(this.directory, { recursive: true, force: true })
  }
}
