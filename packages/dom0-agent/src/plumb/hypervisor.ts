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
  /** No more are wanted: lets go of what makes them. Never rejects. */
  close(): Promise<void>
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
