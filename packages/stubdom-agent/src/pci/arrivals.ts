import { arrival, backendPath } from './arrival.ts'
import { listAssignments } from './assignment.ts'
import type { PciPort } from './port.ts'

/** Milliseconds by which a wait ends before its command’s deadline, so that dom0 hears what was missing while it still listens. */
const MARGIN_MS_MIN = 50
const MARGIN_MS_MAX = 1_000
const MARGIN = 0.1

/** Of a command, what a wait must know. */
interface Waiting {
  readonly signal: AbortSignal
  remainingMs(): number
  stage(stage: string): void
}

/** How devices that the toolstack gives to the stubdomain get to where QEMU can open them. */
export class Arrivals {
  readonly #port: PciPort

  constructor(port: PciPort) {
    this.#port = port
  }

  /** Resolves with the device’s address in the stubdomain. See {@link arrival} for how it fails. */
  wait(bdf: string, task: Waiting): Promise<string> {
    const left = task.remainingMs()
    const margin = Math.min(Math.max(left * MARGIN, MARGIN_MS_MIN), MARGIN_MS_MAX)
    const waiting = (stage: string) => task.stage(stage)
    return arrival(bdf, this.#port, { signal: task.signal, withinMs: left - margin, waiting })
  }

  /** The devices that pciback lists for the stubdomain. @param bdf the one that is asked for, for the failure */
  async assigned(bdf: string, { signal }: Pick<Waiting, 'signal'>): Promise<string[]> {
    const backend = await backendPath(bdf, this.#port, signal)
    return (await listAssignments(this.#port, backend, signal)).map(device => device.bdf)
  }
}
