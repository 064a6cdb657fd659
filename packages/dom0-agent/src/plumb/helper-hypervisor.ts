import { PlumbingError } from '../errors.ts'
import { HelperError, HelperProcess } from './helper-process.ts'
import { HypercallError, type Hypervisor, type Range, type RdmPolicy } from './hypervisor.ts'

/** Milliseconds. A hypercall takes microseconds; one that assigns a device to an IOMMU somewhat more. */
const ANSWER_MS = 15_000

/** Of errno(3): there is no such domain. What it had been given went with it. */
const ESRCH = 3

/** With which the program ends when it does not know how it is called: one of an earlier version, with one hypercall for each run. */
const WRONG_USAGE = 2

const BUILD =
  'build native/stubdom-plumb.c with libxenctrl (cc -O2 -o stubdom-plumb stubdom-plumb.c -lxenctrl) and name it with --plumb-helper or STUBDOM_PLUMB'

/**
 * Makes them with the program `stubdom-plumb` (native/stubdom-plumb.c), one after the other in one process, which is started for the first. When a process has failed,
 * the hypercall that it was asked for has, too; the next one gets a new process, since what was done must be taken back.
 */
export class HelperHypervisor implements Hypervisor {
  readonly #program: string
  readonly #answerMs: number
  #process: HelperProcess | undefined
  /** The hypercall before; never rejects. */
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  /** @param answerMs milliseconds that the program may take for each hypercall */
  constructor(program: string, answerMs: number = ANSWER_MS) {
    this.#program = program
    this.#answerMs = answerMs
  }

  testAssign(domid: number, bdf: string): Promise<void> {
    return this.#run('test-assign', domid, bdf)
  }

  assign(domid: number, bdf: string, policy: RdmPolicy): Promise<void> {
    return this.#run('assign', domid, bdf, policy)
  }

  deassign(domid: number, bdf: string): Promise<void> {
    return this.#takeBack('deassign', domid, bdf)
  }

  quarantine(bdf: string): Promise<void> {
    return this.#run('quarantine', bdf)
  }

  unquarantine(bdf: string): Promise<void> {
    return this.#run('unquarantine', bdf)
  }

  access(domid: number, { kind, first, count }: Range, allow: boolean): Promise<void> {
    const verb = kind === 'memory' ? 'iomem' : 'ioport'
    return allow ? this.#run(verb, domid, first, count, 'allow') : this.#takeBack(verb, domid, first, count, 'deny')
  }

  interrupt(domid: number, irq: number, allow: boolean): Promise<void> {
    return allow ? this.#run('irq', domid, irq, 'allow') : this.#takeBack('irq', domid, irq, 'deny')
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#turn
    await this.#process?.end()
  }

  async #takeBack(verb: string, ...args: (string | number)[]): Promise<void> {
    try {
      await this.#run(verb, ...args)
    } catch (error) {
      if (!(error instanceof HypercallError && error.errno === ESRCH)) throw error
    }
  }

  #run(verb: string, ...args: (string | number)[]): Promise<void> {
    if (this.#closed) return Promise.reject(new HypercallError(verb, 0, 'no hypercalls are made any more'))
    const result = this.#turn.then(() => this.#ask(verb, args))
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #ask(verb: string, args: readonly (string | number)[]): Promise<void> {
    const request = [verb, ...args].join(' ')
    // What a caller without types may have put into one word must not become another, or another request.
    if (args.some(word => !/^\S+$/.test(`${word}`))) {
      throw new HypercallError(verb, 0, `no request is made of ${JSON.stringify(request)}`)
    }
    try {
      if (!this.#process?.isAlive) this.#process = new HelperProcess(this.#program)
      const answer = await this.#process.ask(request, this.#answerMs)
      if (!answer.ok) throw new HypercallError(answer.call, answer.errno, answer.message)
    } catch (error) {
      throw error instanceof HelperError ? this.#failure(verb, error) : error
    }
  }

  #failure(verb: string, error: HelperError): Error {
    const { startCode } = error
    if (startCode !== undefined) {
      return new PlumbingError('helper', 'not-done', `the helper ${this.#program} cannot be started (${startCode})`, {
        remedy: BUILD,
        cause: error,
      })
    }
    const said = [`${this.#program} ${error.message}`, this.#process?.stderr].filter(Boolean).join(': ')
    if (error.exitCode !== WRONG_USAGE) return new HypercallError(verb, 0, said)
    return new PlumbingError('helper', 'not-done', said, { remedy: BUILD, cause: error })
  }
}
