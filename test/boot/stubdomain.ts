import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootSector, layOutDomains, Multiplexer, PROGRAMS, qemuArguments, qtest, startStubdomctl } from '@stubdom/demo'
import { QmpClient } from '@stubdom/qmp'
import { type Daemon, startXenstored, type TestXenstored } from '@stubdom/test-xenstored'
import { acl, type XenstoreClient } from '@stubdom/xenstore'
import { concatMap, filter, firstValueFrom, timeout } from 'rxjs'
import { onTestFinished } from 'vitest'
import { compileStubdomInit } from '../../scripts/lib/compile.mjs'
import { type Pty, startPty } from '../support/pty.ts'

const GUEST = 6
const STUBDOMAIN = 7
const VM = '/vm/5c6a7a41-dba9-4ab7-b0d6-1b6a1f2c3b92'

/** The address of a byte of the clock's memory that no BIOS uses. */
const CLOCK_MARK = '0x50'

/** Puts a value there, while the machine is stopped. @param hand inside the machine */
export async function markClock(hand: (line: string) => Promise<string>, value: string): Promise<void> {
  await hand(`outb 0x70 ${CLOCK_MARK}`)
  await hand(`outb 0x71 ${value}`)
}

/** A stubdomain that libxl has set up, before its agent is started: Xenstore, consoles, and a directory for the rest. */
export class Stubdomain {
  readonly directory: string
  /** Console 1, for state that is saved. */
  readonly saveConsole: Pty
  /** Console 2, for state to restore. */
  readonly restoreConsole: Pty
  readonly #xenstored: TestXenstored
  #process: ChildProcess | undefined
  #output = ''
  #etc: string | undefined

  static async create(daemon: Daemon): Promise<Stubdomain> {
    const directory = await mkdtemp(join(tmpdir(), 'boot-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const xenstored = await startXenstored({ daemon })
    onTestFinished(() => xenstored.stop())
    await xenstored.hypervisor.create(GUEST)
    await xenstored.hypervisor.create(STUBDOMAIN)
    await layOutDomains(xenstored.dom0, { guest: GUEST, stubdomain: STUBDOMAIN, name: 'hvm1' })
    const bus = await Multiplexer.listen({
      path: join(directory, 'xenbus'),
      upstream: xenstored.domainSocketPath(STUBDOMAIN),
    })
    onTestFinished(() => bus.close())
    await writeFile(join(directory, 'guest.img'), bootSector({ cooperative: true }))
    const [save, restore] = [await startPty(join(directory, 'hvc1')), await startPty(join(directory, 'hvc2'))]
    await layOutConsoles(xenstored.dom0, { 1: `file:${save.output}`, 2: 'pipe:/nonexistent' })
    return new Stubdomain(directory, xenstored, save, restore)
  }

  private constructor(directory: string, xenstored: TestXenstored, save: Pty, restore: Pty) {
    this.directory = directory
    this.#xenstored = xenstored
    this.saveConsole = save
    this.restoreConsole = restore
  }

  get dom0(): XenstoreClient {
    return this.#xenstored.dom0
  }

  /** Arguments for a QEMU as libxl would give them, had it one without Xen: a test's own monitor is at `qmp-test.sock`. */
  modelArguments(name = 'qemu'): string[] {
    const at = (file: string) => join(this.directory, `${name}-${file}`)
    const files = { qmp: at('qmp.sock'), testQmp: at('qmp-test.sock'), qtest: at('qtest.sock') }
    return qemuArguments({ image: join(this.directory, 'guest.img'), ...files }, false)
  }

  /** Asks QEMU itself, past the agent. */
  async qemu(command: string, args?: Record<string, unknown>): Promise<unknown> {
    const client = await QmpClient.connect({ path: join(this.directory, 'qemu-qmp-test.sock') })
    try {
      return await client.execute(command, args, { timeoutMs: 10_000 })
    } finally {
      await client.close()
    }
  }

  /** A hand inside QEMU’s machine. */
  qtest(line: string): Promise<string> {
    return qtest(join(this.directory, 'qemu-qtest.sock'), line)
  }

  /** Puts a value into the byte of the clock's memory that no BIOS uses. */
  async markClock(value: string): Promise<void> {
    await this.#whileStopped(() => markClock(line => this.qtest(line), value))
  }

  /** What stands there: `0x00a5`. */
  async clockMark(): Promise<string> {
    return this.#whileStopped(async () => {
      await this.qtest(`outb 0x70 ${CLOCK_MARK}`)
      return (await this.qtest('inb 0x71')).replace('OK ', '')
    })
  }

  /** The guest's firmware uses the clock's two ports, too: a hand inside must not meet it there. */
  async #whileStopped<T>(body: () => Promise<T>): Promise<T> {
    await this.qemu('stop')
    const result = await body()
    await this.qemu('cont')
    return result
  }

  /** One node for each argument, as libxl writes them since 4.14. */
  async writeArguments(args: readonly string[]): Promise<void> {
    await this.#forStubdomain(`${VM}/image/dm-argv`, '')
    for (const [index, argument] of args.entries()) {
      await this.#forStubdomain(`${VM}/image/dm-argv/${`${index + 1}`.padStart(3, '0')}`, argument)
    }
    await this.#pointToVm()
  }

  /** All arguments in one node. */
  async writeJoinedArguments(joined: string): Promise<void> {
    await this.#forStubdomain(`${VM}/image/dmargs`, joined)
    await this.#pointToVm()
  }

  #pointToVm(): Promise<void> {
    return this.#forStubdomain(`/local/domain/${GUEST}/vm`, VM)
  }

  async #forStubdomain(path: string, value: string): Promise<void> {
    await this.dom0.write(path, value)
    await this.dom0.setPermissions(path, acl(0, [STUBDOMAIN, 'read']))
  }

  /** What is in this directory is in its /etc besides. */
  useEtc(directory: string): void {
    this.#etc = directory
  }

  /** Starts process 1 of the stubdomain, in a world of processes of its own, with the agent. Without a proxy for vchan unless told otherwise. */
  async boot(...options: string[]): Promise<void> {
    const namespace = ['--pid', '--fork', '--kill-child', '--mount-proc', '--net']
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
    const etc = `mount -t overlay -o lowerdir=${this.#etc}:/etc overlay /etc && exec "$@"`
    const withEtc = this.#etc === undefined ? [] : ['sh', '-c', etc, 'sh']
    const consoles = ['--raw', this.restoreConsole.path, '--raw', this.saveConsole.path]
    const agent = [
      [PROGRAMS.agent, 'boot', '--qemu', 'qemu-system-x86_64', '--run-dir', join(this.directory, 'run')],
      ['--save-console', this.saveConsole.path, '--restore-console', this.restoreConsole.path],
      ['--driver', 'edu', '--vchan-proxy', 'off'],
      options,
    ].flat()
    const init = [await compileStubdomInit(), ...consoles, '--', process.execPath, ...agent]
    const env = { PATH: process.env['PATH'], XENSTORED_PATH: join(this.directory, 'xenbus') }
    const child = spawn('unshare', [...user, ...namespace, ...withEtc, ...init], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (this.#output += text))
    this.#ended = once(child, 'close')
    onTestFinished(() => this.destroy())
  }

  #ended: Promise<unknown> = Promise.resolve()

  /** Ends all of it at once. */
  async destroy(): Promise<void> {
    this.#process?.kill('SIGKILL')
    await this.#ended
  }

  /** Resolves when the stubdomain is off. */
  get ended(): Promise<unknown> {
    return this.#ended
  }

  get running(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null
  }

  /** What console 0 says: the agent's log, and init. */
  get log(): string {
    return this.#output
  }

  /** The processes in it whose command line has a word. */
  async processes(word: string | RegExp): Promise<number[]> {
    const all = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
    const lines = await Promise.all(all.map(pid => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')))
    return all.filter((_, index) => lines[index]?.includes(this.directory) && lines[index]?.match(word)).map(Number)
  }

  /** Signals QEMU. */
  async signalQemu(signal: NodeJS.Signals): Promise<void> {
    const [qemu] = await this.processes(/^qemu-system/)
    if (!qemu) throw new Error('no QEMU runs')
    process.kill(qemu, signal)
  }

  /** Signals process 1. */
  async signalInit(signal: NodeJS.Signals): Promise<void> {
    const [init] = await this.processes(/^[^\0]*stubdom-init/)
    if (!init) throw new Error('no init runs')
    process.kill(init, signal)
  }

  /** dom0's stubdomctl --json. */
  async ctl(...args: string[]): Promise<Record<string, unknown>> {
    const env = { XENSTORED_PATH: this.#xenstored.socketPath }
    const { stdout } = await startStubdomctl(['--json', ...args], env).finished
    return JSON.parse(stdout) as Record<string, unknown>
  }

  /** What dom0 does at its first contact. */
  async makeControlDirectory(): Promise<void> {
    await this.ctl('--timeout', '0.1', 'ping', 'hvm1')
  }

  /** Resolves with the agent's status as soon as it matches. */
  async status(wanted: RegExp): Promise<string> {
    const path = `/local/domain/${STUBDOMAIN}/dm-control/stubdom/status`
    let latest = ''
    const found = this.dom0.watch(path).pipe(
      concatMap(async () => (latest = `${await this.dom0.readIfExists(path)}`)),
      filter(value => wanted.test(value)),
      timeout(20_000),
    )
    return firstValueFrom(found).catch((cause: unknown) => {
      throw new Error(`no status ${wanted}, the last one is ${latest}\n${this.log}`, { cause })
    })
  }
}

/** As libxl lays them out: the directory is the stubdomain's, `output` dom0's (libxl_console.c). */
async function layOutConsoles(dom0: XenstoreClient, outputs: Record<number, string>): Promise<void> {
  for (const [number, output] of Object.entries(outputs)) {
    const path = `/local/domain/${STUBDOMAIN}/device/console/${number}`
    await dom0.mkdir(path)
    await dom0.setPermissions(path, acl(STUBDOMAIN, [0, 'read']))
    await dom0.write(`${path}/output`, output)
    await dom0.setPermissions(`${path}/output`, acl(0, [STUBDOMAIN, 'read']))
  }
}
