import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Guest, type Running, start, World } from '@stubdom/demo'
import { QmpClient } from '@stubdom/qmp'
import { daemons } from '@stubdom/test-xenstored'
import { filter, firstValueFrom, ReplaySubject, type Subscription, timeout } from 'rxjs'
import { expect } from 'vitest'
import { bundleCrashPrograms } from '../../scripts/lib/crash-bundles.mjs'
import { machine, replaceQemu } from '../support/states.ts'
import { TestWorld } from '../support/worlds.ts'
import { FILE, STATE } from './matrix/matrix.ts'
import type { Armed } from './programs/steps.ts'

const DEVICE = 'pci-pt-0000_03_00.0'
/** Of the guest’s bus, for the device. */
export const SLOT = 7
const WAIT_MS = 20_000

/** A byte of the clock's memory, which the state that is restored has and a new QEMU has not. */
const CMOS_INDEX = 'outb 0x70 0x50'
const CMOS_SAVED = 'outb 0x71 0xa5'

/** The arguments of a QEMU that waits for a state. */
const WAITING = ['-incoming', 'defer']
/** Whoever gives it one; then it is as good as used. */
const RECEIVES = 'migrate-incoming'

/** A device model as QEMU itself shows it. */
export interface Truth {
  readonly attached: boolean
  readonly running: boolean
  /** For a state. */
  readonly waiting: boolean
}

/** A world whose programs can be ended at a step, and whose QEMU keeps a record of what it is told. */
export class CrashWorld {
  readonly world: World
  readonly test: TestWorld
  /** The file that states are saved to, alone in its directory. */
  readonly file: string
  readonly #directory: string
  /** Its QEMUs are started to wait for a state, but for the first. */
  readonly #waits: boolean
  readonly #programs: { readonly agent: string; readonly stubdomctl: string }
  /** The ids of all requests that were ever written. */
  readonly #ids = new ReplaySubject<string>()
  readonly #watch: Subscription
  /** The guest of this QEMU listens to ACPI. */
  #awake = 0

  /** @param restoring there is a state, and a QEMU that waits for one */
  static async begin(guest: Guest = 'cooperative', restoring = false): Promise<CrashWorld> {
    const directory = await mkdtemp(join(tmpdir(), 'crash-'))
    const programs = await bundleCrashPrograms(join(directory, 'programs'))
    for (const name of ['target', 'tmp']) await mkdir(join(directory, name))
    const traced = ['-trace', 'enable=handle_qmp_command', '-D', join(directory, 'qemu.log')]
    const world = await World.start({
      daemon: daemons().includes('c') ? 'c' : 'embedded',
      guest,
      agentProgram: programs.agent,
      agentEnvironment: {
        STUBDOM_CRASH_DIR: directory,
        STUBDOM_CRASH_ROLE: 'agent',
        TMPDIR: join(directory, 'tmp'),
      },
      qemu: { extraArgs: [...traced, ...(restoring ? machine(join(directory, 'ram')) : [])] },
    })
    const crashWorld = new CrashWorld(world, directory, programs, restoring)
    await crashWorld.test.json('ping', 'hvm1')
    if (restoring) await crashWorld.#save()
    return crashWorld
  }

  private constructor(
    world: World,
    directory: string,
    programs: { agent: string; stubdomctl: string },
    restoring: boolean,
  ) {
    this.world = world
    this.#waits = restoring
    this.test = new TestWorld(world)
    this.file = join(directory, 'target', 'state')
    this.#directory = directory
    this.#programs = programs
    const requests = `${world.controlDirectory}/dom0/request`
    const known = new Set<string>()
    this.#watch = world.dom0.watch(requests).subscribe(path => {
      const [, id] = path.slice(requests.length + 1).split('/')
      if (id === undefined || known.has(id)) return
      known.add(id)
      this.#ids.next(id)
    })
  }

  async end(): Promise<void> {
    this.#watch.unsubscribe()
    await this.world.stop()
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** The next process of that role to come to a step ends there; or another one does. */
  async arm(role: 'agent' | 'dom0', at: string, pid?: number): Promise<void> {
    await writeFile(join(this.#directory, `${role}.armed`), JSON.stringify({ at, pid } satisfies Armed))
  }

  /** Whether nobody came to the step. */
  isArmed(role: 'agent' | 'dom0'): boolean {
    return existsSync(join(this.#directory, `${role}.armed`))
  }

  /** Gives a command by a process that can be ended. */
  give(...args: string[]): Running {
    const environment = { ...this.world.environment, STUBDOM_CRASH_DIR: this.#directory, STUBDOM_CRASH_ROLE: 'dom0' }
    return start(process.execPath, [this.#programs.stubdomctl, '--json', ...this.#named(args)], environment)
  }

  /** The arguments of a command as they are typed. */
  #named(args: readonly string[]): string[] {
    return args.map(arg => (arg === FILE ? this.file : arg === STATE ? this.#state : arg))
  }

  /** Picks a command up again, by a process that ships. */
  pickUp(id: string, ...args: string[]) {
    return this.test.json('--id', id, ...this.#named(args))
  }

  /** The id of a request that was none of `before`. */
  async newId(before: ReadonlySet<string>): Promise<string> {
    return firstValueFrom(
      this.#ids.pipe(
        filter(id => !before.has(id)),
        timeout(WAIT_MS),
      ),
    )
  }

  /** Whether a process that has ended had written a request that was none of `before`. */
  async isAsked(before: ReadonlySet<string>): Promise<boolean> {
    // The daemon sees in one round what a process has sent and that it has ended; it is through with that when it has answered twice.
    for (let round = 0; round < 2; round++) await this.world.dom0.readIfExists(this.world.controlDirectory)
    return (await this.ids()).size > before.size
  }

  /** All ids until now. */
  async ids(): Promise<Set<string>> {
    const ids = new Set<string>()
    this.#ids.subscribe(id => ids.add(id)).unsubscribe()
    return ids
  }

  /** Resolves when the agent has ended at the step that it was armed for. */
  async agentDied(at: string): Promise<void> {
    const { agent } = this.world
    await expect.poll(() => agent?.running, { message: `the agent came to ${at}`, timeout: WAIT_MS }).toBe(false)
    expect(this.isArmed('agent')).toBe(false)
    expect(await agent?.exited).toMatchObject({ signal: 'SIGKILL' })
  }

  /** Starts an agent in the place of one that is dead, and waits until it takes commands. */
  async nextAgent(): Promise<void> {
    const before = await this.world.dom0.readIfExists(`${this.world.controlDirectory}/stubdom/hello`)
    await this.world.startAgent()
    await this.test.node('stubdom/hello', hello => hello !== before?.toString())
  }

  /** Starts a QEMU in the place of one that has ended. */
  async nextQemu(): Promise<void> {
    await this.world.restartQemu(...this.#more)
  }

  /** Starts another QEMU in the place of the one that there is, and waits until the agent has it. */
  async anotherQemu(): Promise<void> {
    await replaceQemu(this.test, ...this.#more)
  }

  get #more(): string[] {
    return this.#waits ? WAITING : []
  }

  /** Asks QEMU itself, past the agent. */
  async ask(command: string, args?: Record<string, unknown>): Promise<unknown> {
    const client = await QmpClient.connect({ path: this.world.qemu.testQmpPath })
    try {
      return await client.execute(command, args, { timeoutMs: WAIT_MS })
    } finally {
      await client.close()
    }
  }

  async truth(): Promise<Truth> {
    const peripherals = (await this.ask('qom-list', { path: '/machine/peripheral' })) as { name: string }[]
    const { running, status } = (await this.ask('query-status')) as { running: boolean; status: string }
    return {
      attached: peripherals.some(({ name }) => name === DEVICE),
      running,
      waiting: status === 'inmigrate',
    }
  }

  /** Whether the device model has what the state holds. */
  async isRestored(): Promise<boolean> {
    await this.world.qemu.qtest(CMOS_INDEX)
    return (await this.world.qemu.qtest('inb 0x71')) === 'OK 0x00a5'
  }

  /** The state that is restored: of a QEMU as the others are, whose guest was up. */
  async #save(): Promise<void> {
    await this.#wake()
    for (const line of [CMOS_INDEX, CMOS_SAVED]) await this.world.qemu.qtest(line)
    await this.ask('xen-save-devices-state', { filename: this.#state, live: false })
  }

  get #state(): string {
    return join(this.#directory, 'state')
  }

  /** Brings the device model into a state, past the agent. */
  async bring({ attached, running, waiting }: Truth, withGuest: boolean): Promise<void> {
    await rm(join(this.file, '..'), { recursive: true })
    await mkdir(join(this.file, '..'))
    if (waiting) return this.#bringWaiting()
    await this.ask('cont')
    if (withGuest && this.#awake !== this.world.qemu.pid) await this.#wake()
    const now = await this.truth()
    if (attached && !now.attached) await this.#attach()
    if (!attached && now.attached) await this.world.qemu.eject(SLOT)
    if (!running) await this.ask('stop')
    await expect.poll(() => this.truth(), { timeout: WAIT_MS }).toEqual({ attached, running, waiting })
  }

  /** One that waits and was given nothing yet is as good as new. */
  async #bringWaiting(): Promise<void> {
    const isNew = (await this.truth()).waiting && (await this.told([RECEIVES]))[RECEIVES] === 0
    if (!isNew) await this.anotherQemu()
  }

  #attach(): Promise<unknown> {
    return this.ask('device_add', { driver: 'edu', id: DEVICE, addr: SLOT.toString(16) })
  }

  /** A guest that has just begun does not hear that it is asked for a device: asks until it gives one up. */
  async #wake(): Promise<void> {
    await this.#attach()
    const asked = async () => {
      await this.ask('device_del', { id: DEVICE }).catch(() => undefined)
      return (await this.truth()).attached
    }
    await expect.poll(asked, { timeout: WAIT_MS, interval: 100 }).toBe(false)
    this.#awake = this.world.qemu.pid
  }

  /** How often QEMU was told each of some commands since it began. */
  async told(commands: readonly string[]): Promise<Record<string, number>> {
    const record = await readFile(join(this.#directory, 'qemu.log'), 'latin1').catch(() => '')
    return Object.fromEntries(commands.map(name => [name, record.split(`"execute": "${name}"`).length - 1]))
  }

  /** The steps that a program came to since they were forgotten, each once. */
  async steps(role: 'agent' | 'dom0'): Promise<string[]> {
    const text = await readFile(this.#log(role), 'latin1').catch(() => '')
    return [...new Set(text.split('\n').filter(Boolean))]
  }

  async forgetSteps(): Promise<void> {
    await Promise.all([rm(this.#log('dom0'), { force: true }), rm(this.#log('agent'), { force: true })])
  }

  #log(role: 'agent' | 'dom0'): string {
    return join(this.#directory, `${role}.log`)
  }

  /** What stands in Xenstore: nodes of the control directory, watches (one is this world's own) and open transactions. */
  async stands() {
    const { watches, transactions } = await this.world.xenstored.counts()
    return { watches, transactions, nodes: await this.test.nodes() }
  }

  /** What lies beside the saved file, what the agent keeps or dom0 put there for it, and what the agent and QEMU share. */
  async files(): Promise<{ target: string[]; kept: string[]; shared: string[] }> {
    const [target, kept, shared] = await Promise.all(
      [join(this.file, '..'), this.world.saveDirectory, join(this.#directory, 'tmp')].map(path => readdir(path)),
    )
    return { target: target ?? [], kept: kept ?? [], shared: shared ?? [] }
  }
}
