import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { sharedShim } from './build.ts'
import { type CommandLineOptions, commandLine } from './command-lines.ts'
import { Control } from './control.ts'
import { checkInstalled, DAEMON_PROGRAMS } from './daemons.ts'
import { withDeadline } from './deadline.ts'
import { DaemonFailedError, TestUsageError } from './errors.ts'
import type { Host, Hypervisor, Usage } from './host.ts'
import { Wire } from './wire.ts'

const DEADLINE_MS = 20_000
/** As much of a daemon's last words as a message can bear. */
const OUTPUT_CHARS_MAX = 4_000

/** One of Debian's daemons as a process that dies with this one. */
export class DaemonHost implements Host {
  readonly hypervisor: Hypervisor
  readonly #daemon: 'c' | 'ocaml'
  readonly #dir: string
  readonly #options: CommandLineOptions
  #running: { readonly child: ChildProcess; readonly ended: Promise<unknown>; readonly control: Control } | undefined
  #output = ''

  constructor(daemon: 'c' | 'ocaml', dir: string, options: CommandLineOptions) {
    this.#daemon = daemon
    this.#dir = dir
    this.#options = options
    const deed = (verb: string) => async (domid: number) => {
      await this.#control.command(`${verb} ${domid}`)
    }
    this.hypervisor = { create: deed('create'), destroy: deed('destroy'), shutdown: deed('shutdown') }
  }

  get pid(): number | undefined {
    return this.#running?.child.pid
  }

  async start(): Promise<void> {
    checkInstalled(this.#daemon)
    const shim = await sharedShim()
    const [program = '', ...args] = await commandLine(this.#daemon, this.#dir, this.#options)
    const child = spawn(program, args, {
      env: {
        PATH: process.env['PATH'],
        XENSTORED_RUNDIR: this.#dir,
        LD_PRELOAD: shim,
        XENSTORED_SHIM_CONTROL: '3',
        XENSTORED_SHIM_PARENT: `${process.pid}`,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'], // The last one is the control socket: Node's pipes are socket pairs.
    })
    this.#output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_CHARS_MAX)
      })
    }
    child.on('error', ({ message }) => {
      this.#output += message // It could not be started; 'close' follows.
    })
    const ended = new Promise(resolve => child.once('close', resolve))
    const control = new Control(child.stdio[3] as Duplex, ended, problem => this.#failure(problem))
    this.#running = { child, ended, control }
    await control.command('list')
  }

  async kill(): Promise<void> {
    const running = this.#running
    if (!running) return
    this.#running = undefined
    const { child, ended } = running
    child.kill('SIGKILL')
    await withDeadline(ended, DEADLINE_MS, () => this.#failure('The daemon cannot be killed'))
    // With the daemon went the rings behind these. Its own socket stays, as it does on a real machine.
    const names = (await readdir(this.#dir)).filter(name => /^dom\d+\.sock$/.test(name))
    await Promise.all(names.map(name => rm(join(this.#dir, name), { force: true })))
    const end = child.exitCode ?? child.signalCode
    if (end !== 'SIGKILL') throw this.#failure(`The daemon had ended by itself (${end})`)
  }

  /**
   * C xenstored writes a report of its memory, in which each watch and each transaction has a line. oxenstored lists
   * watches, and transactions not at all.
   */
  async usage(): Promise<Usage> {
    if (this.#daemon === 'ocaml') {
      const list = await this.#ask(wire => wire.control('watches'))
      return { watches: list.match(/^watch /gm)?.length ?? 0, transactions: undefined }
    }
    const file = join(this.#dir, 'memory-report')
    await rm(file, { force: true })
    await this.#ask(wire => wire.control('memreport', file))
    const report = await readFile(file, 'utf8')
    const count = (type: string) => report.match(new RegExp(`^ *struct ${type} `, 'gm'))?.length ?? 0
    return { watches: count('watch'), transactions: count('transaction') }
  }

  /** What `xenstore-control live-update` does, on one connection. It waits for open transactions to end. */
  async liveUpdate(): Promise<void> {
    if (this.#daemon !== 'c') throw new TestUsageError('Only C xenstored can be updated live')
    await this.#ask(async wire => {
      for (const command of [['-f', DAEMON_PROGRAMS.c], ['-s']]) {
        const answer = await wire.control('live-update', ...command)
        if (answer !== 'OK') throw this.#failure(`live-update ${command.join(' ')}: ${answer}`)
      }
    })
  }

  get #control(): Control {
    if (!this.#running) throw new TestUsageError('The daemon does not run')
    return this.#running.control
  }

  async #ask<T>(question: (wire: Wire) => Promise<T>): Promise<T> {
    const wire = await Wire.connect(join(this.#dir, 'socket'))
    try {
      return await question(wire)
    } finally {
      wire.close()
    }
  }

  #failure(problem: string): DaemonFailedError {
    return new DaemonFailedError(`${problem} (${DAEMON_PROGRAMS[this.#daemon]} in ${this.#dir})`, this.#output)
  }
}
