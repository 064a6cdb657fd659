import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child, layOutDomains, PROGRAMS, type Qemu, startQemu } from '@stubdom/demo'
import { type Daemon, startXenstored, type TestXenstored } from '@stubdom/test-xenstored'
import { filter, firstValueFrom, switchMap, timeout } from 'rxjs'
import type { Native } from './programs.ts'
import type { Row } from './row.ts'

export const DOMAINS = { guest: 6, stubdomain: 7, name: 'hvm1' } as const
export const CONTROL_DIRECTORY = `/local/domain/${DOMAINS.stubdomain}/dm-control`

const AGENT_MS_MAX = 20_000

export interface AgentOptions {
  readonly socket?: string
  readonly bundle?: string
  readonly flags?: readonly string[]
  /** Arguments besides those that every agent here has. */
  readonly more?: readonly string[]
}

interface Parts {
  readonly native: Native
  readonly dir: string
  readonly xenstored: TestXenstored
  readonly qemu: Qemu
}

/** Where the races are held: a daemon, a guest with its stubdomain, QEMU. Nothing else stands between a client and the daemon. */
export class Course {
  readonly native: Native
  readonly dir: string
  readonly xenstored: TestXenstored
  /** For each goal that was missed, where the time went. */
  readonly profiles: string[] = []
  readonly #qemu: Qemu

  static async open(daemon: Daemon, native: Native): Promise<Course> {
    const dir = await mkdtemp(join(tmpdir(), 'bench-'))
    const xenstored = await startXenstored({ daemon })
    await xenstored.hypervisor.create(DOMAINS.guest)
    await xenstored.hypervisor.create(DOMAINS.stubdomain)
    await layOutDomains(xenstored.dom0, DOMAINS)
    const qemu = await startQemu({ dir, guest: 'cooperative' })
    return new Course({ native, dir, xenstored, qemu })
  }

  private constructor(parts: Parts) {
    this.native = parts.native
    this.dir = parts.dir
    this.xenstored = parts.xenstored
    this.#qemu = parts.qemu
  }

  get daemon(): Daemon {
    return this.xenstored.daemon
  }

  /** Where dom0's programs find Xenstore. */
  get dom0Socket(): string {
    return this.xenstored.socketPath
  }

  /** Where the stubdomain's do: one at a time. */
  get stubdomainSocket(): string {
    return this.xenstored.domainSocketPath(DOMAINS.stubdomain)
  }

  /**
   * The agent that ships; or another bundle of it, with flags for its Node. Resolves when it takes commands, or at once
   * while dom0 has not made the control directory.
   */
  async startAgent({
    socket = this.stubdomainSocket,
    bundle = PROGRAMS.agent,
    flags = [],
    more = [],
  }: AgentOptions = {}): Promise<Child> {
    const { dom0 } = this.xenstored
    const hello = `${CONTROL_DIRECTORY}/stubdom/hello`
    const made = await dom0.exists(CONTROL_DIRECTORY)
    if (made) await dom0.rm(hello) // An earlier agent's.
    const args = [...flags, bundle, '--qmp', this.#qemu.qmpPath, '--driver', 'edu', ...more]
    const agent = await Child.start(process.execPath, args, [], { PATH: process.env['PATH'], XENSTORED_PATH: socket })
    const published = dom0.watch(hello).pipe(
      switchMap(() => dom0.exists(hello)),
      filter(Boolean),
      timeout(AGENT_MS_MAX),
    )
    if (made) await firstValueFrom(published)
    return agent
  }

  missed(row: Row, profile: string): void {
    this.profiles.push(`MISSED on ${this.daemon}: ${row.name}\n${profile}`)
  }

  async close(): Promise<void> {
    await this.#qemu.stop()
    await this.xenstored.stop()
    await rm(this.dir, { recursive: true, force: true })
  }
}

export async function end(agent: Child, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  agent.signal(signal)
  await agent.exited
}
