import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { PlumbingError } from '../errors.ts'

/** Whether reserved memory regions of a device may be ignored; as in xl-pci-configuration(5). */
export type RdmPolicy = 'strict' | 'relaxed'

/** A range that a domain may access: page frames of memory, or I/O ports. */
export interface Range {
  readonly kind: 'memory' | 'ports'
  readonly first: number
  readonly count: number
}

/** The hypercalls that give a device to a domain. BDFs as they stand in messages; each rejects with {@link HypercallError}. */
export interface Hypervisor {
  /** May the device be given to the domain? */
  testAssign(domid: number, bdf: string): Promise<void>
  assign(domid: number, bdf: string, policy: RdmPolicy): Promise<void>
  deassign(domid: number, bdf: string): Promise<void>
  /** Assigns the device to no domain: what it does by DMA reaches nobody. */
  quarantine(bdf: string): Promise<void>
  /** Back to dom0, whose driver could do no DMA otherwise. */
  unquarantine(bdf: string): Promise<void>
  access(domid: number, range: Range, allow: boolean): Promise<void>
  /** Maps an interrupt to the same number in the domain and permits it, or takes both back. */
  interrupt(domid: number, irq: number, allow: boolean): Promise<void>
}

/** The hypervisor refused. */
export class HypercallError extends Error {
  override readonly name = 'HypercallError'
  readonly call: string
  /** Of errno(3). */
  readonly errno: number

  constructor(call: string, errno: number, message: string) {
    super(`${call}: ${message}`)
    this.call = call
    this.errno = errno
  }
}

/** Milliseconds. A hypercall takes microseconds; one that assigns a device to an IOMMU somewhat more. */
const HELPER_MS = 15_000

/** Of errno(3): there is no such domain. What it had been given went with it. */
const ESRCH = 3

/** Makes them with the program `stubdom-plumb` (native/stubdom-plumb.c), one for each run. */
export class HelperHypervisor implements Hypervisor {
  readonly #program: string

  constructor(program: string) {
    this.#program = program
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

  async #takeBack(...args: (string | number)[]): Promise<void> {
    try {
      await this.#run(...args)
    } catch (error) {
      if (!(error instanceof HypercallError && error.errno === ESRCH)) throw error
    }
  }

  async #run(...args: (string | number)[]): Promise<void> {
    const words = args.map(String)
    try {
      await promisify(execFile)(this.#program, words, { timeout: HELPER_MS })
    } catch (error) {
      throw this.#failure(words, error as ExecError)
    }
  }

  #failure(args: readonly string[], error: ExecError): Error {
    if (error.code === 'ENOENT' || error.code === 'EACCES') {
      return new PlumbingError('helper', 'not-done', `the helper ${this.#program} cannot be started (${error.code})`, {
        remedy:
          'build native/stubdom-plumb.c with libxenctrl (cc -O2 -o stubdom-plumb stubdom-plumb.c -lxenctrl) and name it with --plumb-helper or STUBDOM_PLUMB',
        cause: error,
      })
    }
    const report = reportIn(error.stdout)
    if (report) return new HypercallError(report.call, report.errno, report.message)
    const how = error.killed ? `did not end within ${HELPER_MS} ms` : `ended with ${error.code ?? error.signal}`
    return new HypercallError(args[0] ?? '', 0, `${this.#program} ${how}: ${(error.stderr ?? '').trim()}`)
  }
}

interface ExecError extends Error {
  readonly code?: string | number
  readonly signal?: string
  readonly killed?: boolean
  readonly stdout?: string
  readonly stderr?: string
}

function reportIn(stdout: string | undefined): { call: string; errno: number; message: string } | undefined {
  try {
    const report = JSON.parse(stdout ?? '') as { call: string; errno: number; message: string }
    return typeof report.call === 'string' ? report : undefined
  } catch {
    return undefined
  }
}
