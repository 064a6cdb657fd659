import { printable } from '@stubdom/protocol'
import pc from 'picocolors'
import { connect, type Dom0, type Dom0Options } from '../dom0.ts'
import { Dom0Error, OutcomeUnknownError } from '../errors.ts'
import { describeMisbehaviour, type Misbehaviour } from '../misbehaviour.ts'
import type { CommandOptions } from '../session/options.ts'
import type { RunningCommand } from '../session/running-command.ts'
import type { Stubdomain } from '../stubdomain.ts'
import type { Globals } from './globals.ts'
import { type Io, mayColor } from './io.ts'
import { verboseLogger } from './logger.ts'

/** What a command of the program gives back: one JSON document, or what a person reads. */
export interface Printout {
  readonly json: Readonly<Record<string, unknown>>
  readonly text: string
}

/** What single commands of the program want of the library besides what all of them do. */
type Dom0Settings = Pick<Dom0Options, 'saveDir' | 'plumbHelper'>

/** What is said in one run of stubdomains that misbehave. */
const MISBEHAVIOURS_MAX = 16

/** The person at the terminal did not want to wait. */
class InterruptedError extends Dom0Error {
  override readonly name = 'InterruptedError'
  readonly code = 'interrupted'
}

/** What the commands of the program have in common during one run. */
export class Context {
  /** Paints for stdout, or not. */
  readonly colors: ReturnType<typeof pc.createColors>
  /** Rejects when the run is to end at once. */
  readonly abandoned: Promise<never>
  readonly #globals: Globals
  readonly #io: Io
  #abandon: (error: Error) => void = () => {}
  #dom0: Dom0 | undefined
  #running: RunningCommand<unknown> | undefined
  #interrupts = 0
  readonly #misbehaviours: Misbehaviour[] = []

  constructor(globals: Globals, io: Io) {
    this.#globals = globals
    this.#io = io
    this.colors = pc.createColors(mayColor(io.stdout, io.env))
    this.abandoned = new Promise((_, reject) => {
      this.#abandon = reject
    })
    this.abandoned.catch(() => undefined)
  }

  get env(): NodeJS.ProcessEnv {
    return this.#io.env
  }

  get interrupted(): boolean {
    return this.#interrupts > 0
  }

  /** What every command is given with. */
  get commandOptions(): CommandOptions {
    const { timeout, id } = this.#globals
    return { timeoutMs: timeout === undefined ? undefined : timeout * 1_000, id }
  }

  async dom0(options: Dom0Settings = {}): Promise<Dom0> {
    const { xenstore, verbose } = this.#globals
    const logger = verbose ? await verboseLogger() : undefined
    if (!this.#dom0) {
      this.#dom0 = await connect({ xenstore, logger, watch: 'node', ...options })
      this.#dom0.misbehaviours.subscribe(misbehaviour => this.#notice(misbehaviour))
    }
    return this.#dom0
  }

  async stubdomain(domain: string, options?: Dom0Settings): Promise<Stubdomain> {
    return (await this.dom0(options)).stubdomain(domain)
  }

  /** Waits for a command, shows a person how far it is, and lets that person take it back. */
  async run<R>(command: RunningCommand<R>): Promise<R> {
    this.#running = command
    if (this.interrupted) command.cancel()
    const progress = command.progress.subscribe(response => {
      if (!this.#io.stderr.isTTY || this.#globals.json) return
      const { state, stage, overdue } = response
      const { done, total } = ('progress' in response && response.progress) || {}
      const far = done === undefined ? undefined : total === undefined ? `${done}` : `${done} of ${total}`
      const how = [state === 'accepted' ? 'waiting for the guest' : 'running', stage, far, overdue && 'overdue']
      this.note(how.filter(Boolean).join(', '))
    })
    try {
      return await command.result
    } finally {
      progress.unsubscribe()
      this.#running = undefined
    }
  }

  /** A line on stdout while the command goes on; none where only one JSON document may stand. */
  say(line: string): void {
    if (!this.#globals.json) this.#io.stdout.write(`${printable(line)}\n`)
  }

  /** A line on stderr. */
  note(line: string): void {
    this.#io.stderr.write(`stubdomctl: ${printable(line)}\n`)
  }

  /** The first time it takes a running command back, the second time it leaves it alone and ends. */
  interrupt(): void {
    this.#interrupts++
    const command = this.#running
    if (!command) {
      this.#abandon(new InterruptedError('interrupted'))
    } else if (this.#interrupts === 1) {
      this.note(`cancelling ${command.id}; once more to leave it alone`)
      command.cancel()
    } else {
      this.#abandon(new OutcomeUnknownError(command.id, 'deadline', 'it was left alone while it was being cancelled'))
    }
  }

  /** What a document says of misbehaviour besides. */
  get noticed(): { misbehaves?: readonly Misbehaviour[] } {
    return this.#misbehaviours.length > 0 ? { misbehaves: this.#misbehaviours } : {}
  }

  #notice(misbehaviour: Misbehaviour): void {
    if (this.#misbehaviours.length >= MISBEHAVIOURS_MAX) return
    this.#misbehaviours.push(misbehaviour)
    if (!this.#globals.json) this.note(describeMisbehaviour(misbehaviour))
  }

  async close(): Promise<void> {
    await this.#dom0?.close()
  }
}
