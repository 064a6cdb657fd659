import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { acl, type XenstoreClient } from '@stubdom/xenstore'

/** A device on its way into a stubdomain, as libxl, pciback and pcifront show it in Xenstore, and the stubdomain’s kernel in sysfs. */
export interface PciDeviceNodes {
  /** As libxl writes it: `0000:03:00.0`. */
  readonly machine: string
  /** As pciback publishes it: `0000:00:00.00`; undefined: not yet. */
  readonly local?: string | undefined
}

/**
 * A stubdomain’s PCI bus without pciback and pcifront: what they would write, done by hand. Source: Xen, tools/libs/light/libxl_pci.c; Linux, drivers/xen/xen-pciback/xenbus.c
 * and drivers/pci/xen-pcifront.c.
 */
export class PciFront {
  readonly #dom0: XenstoreClient
  readonly #stubdomain: number
  /** Stands for /sys. */
  readonly sysfs: string

  constructor(dom0: XenstoreClient, stubdomain: number, sysfs: string) {
    this.#dom0 = dom0
    this.#stubdomain = stubdomain
    this.sysfs = sysfs
  }

  get frontend(): string {
    return `/local/domain/${this.#stubdomain}/device/pci/0`
  }

  get backend(): string {
    return `/local/domain/0/backend/pci/${this.#stubdomain}/0`
  }

  /** libxl assigns devices, pciback exports those that have a local address, and the frontend is in a state: 4 is Connected. */
  async assign(devices: readonly PciDeviceNodes[], state = '4'): Promise<void> {
    const { frontend, backend } = this
    await this.#directory(frontend, acl(this.#stubdomain, [0, 'read']))
    await this.#directory(backend, acl(0, [this.#stubdomain, 'read']))
    await this.#dom0.write(`${frontend}/backend`, backend)
    for (const [index, device] of devices.entries()) {
      await this.#dom0.write(`${backend}/dev-${index}`, device.machine)
      await this.#dom0.write(`${backend}/state-${index}`, device.local === undefined ? '1' : '3')
      if (device.local !== undefined) await this.publish(index, device.local)
    }
    await this.#dom0.write(`${backend}/num_devs`, `${devices.length}`)
    await this.enter(state)
  }

  /** pciback exports a device. */
  async publish(index: number, local: string): Promise<void> {
    await this.#dom0.write(`${this.backend}/vdev-${index}`, local)
    await this.#dom0.write(`${this.backend}/state-${index}`, '3')
  }

  /** The frontend changes its state. @param reason what the kernel reports, for one that fails */
  async enter(state: string, reason?: string): Promise<void> {
    const error = `/local/domain/${this.#stubdomain}/error/device/pci/0`
    if (reason !== undefined) {
      await this.#directory(error, acl(this.#stubdomain))
      await this.#dom0.write(`${error}/error`, reason)
    }
    await this.#dom0.write(`${this.frontend}/state`, state)
  }

  /** libxl takes all devices back: both directories go. */
  async remove(): Promise<void> {
    await this.#dom0.rm(this.frontend)
    await this.#dom0.rm(this.backend)
  }

  /** The kernel shows a device. @param local `0000:00:00.0` */
  async appear(local: string): Promise<void> {
    const device = join(this.sysfs, 'bus/pci/devices', local)
    await mkdir(device, { recursive: true })
    await writeFile(join(device, 'config'), '')
  }

  async disappear(local: string): Promise<void> {
    await rm(join(this.sysfs, 'bus/pci/devices', local), { recursive: true, force: true })
  }

  /** What is written below inherits the permissions. */
  async #directory(path: string, permissions: ReturnType<typeof acl>): Promise<void> {
    await this.#dom0.mkdir(path)
    await this.#dom0.setPermissions(path, permissions)
  }
}
