import type { Observable } from 'rxjs'

/** What the stubdomain shows of the devices that it was given: its Xenstore and its sysfs. */
export interface PciPort {
  /** Where the devices’ directories are, for people: `/sys/bus/pci/devices`. */
  readonly devices: string
  /**
   * A node’s value; undefined when it is not there or not for us to see. Paths are absolute, or relative to the stubdomain’s directory. Waits while Xenstore
   * is away; rejects with the signal’s reason.
   */
  read(path: string, signal: AbortSignal): Promise<string | undefined>
  /** Emits when a node, or one below it, may have changed; goes on when Xenstore was away. */
  changes(path: string): Observable<unknown>
  /** Whether QEMU can open a device’s configuration space. @param local its address in the stubdomain, `0000:00:00.0` */
  hasConfig(local: string): boolean
}
