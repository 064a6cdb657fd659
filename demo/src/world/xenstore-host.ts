/** A Xenstore for a world, and the hypervisor’s part that it plays: which domains exist. */
export interface XenstoreHost {
  /** dom0’s socket. */
  readonly socketPath: string
  /** Where domain `domid` finds the Xenstore once it is introduced. */
  domainSocketPath(domid: number): string
  createDomain(domid: number): Promise<void>
  destroyDomain(domid: number): Promise<void>
  stop(): Promise<void>
}
