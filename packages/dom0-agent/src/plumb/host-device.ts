import { access, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Range } from './hypervisor.ts'

/** Bytes of a page of memory. */
const PAGE_BYTES = 4_096

/** In a line of sysfs' `resource`: the region is I/O ports. Source: Linux, include/linux/ioport.h (IORESOURCE_IO is 0x100, its type bit in a BAR 1). */
const IS_PORTS = 0x1 | 0x100

/** The six BARs and the expansion ROM; what a bridge forwards comes after them and is no device's own. */
const OWN_REGIONS = 7

/** The interrupt line is eight bits, and 255 says that there is none. Source: PCI 3.0, 6.2.4. */
const IRQ_NONE = 0xff

/** A PCI device as dom0's kernel has it. Where it is asked about things that are not there, fs' own errors come out. */
export class HostDevice {
  readonly bdf: string
  readonly #devices: string
  readonly #pciback: string

  /**
   * @param bdf as it stands in messages: `0000:03:00.0`
   * @param sysfs `/sys`
   */
  constructor(bdf: string, sysfs: string) {
    this.bdf = bdf
    this.#devices = join(sysfs, 'bus/pci/devices')
    this.#pciback = join(sysfs, 'bus/pci/drivers/pciback')
  }

  exists(): Promise<boolean> {
    return exists(join(this.#devices, this.bdf))
  }

  /** Whether pciback has it, so that it can be given to a domain. */
  isAssignable(): Promise<boolean> {
    return exists(join(this.#pciback, this.bdf))
  }

  /** The memory and ports that whoever has the device must be able to reach. */
  async ranges(): Promise<Range[]> {
    const lines = (await this.#read('resource')).split('\n').slice(0, OWN_REGIONS)
    return lines.flatMap((line): Range[] => {
      const [start = 0, end = 0, flags = 0] = line.trim().split(/\s+/).map(Number)
      if (!(start > 0 && end >= start)) return []
      if (flags & IS_PORTS) return [{ kind: 'ports', first: start, count: end - start + 1 }]
      const first = Math.floor(start / PAGE_BYTES)
      return [{ kind: 'memory', first, count: Math.floor(end / PAGE_BYTES) - first + 1 }]
    })
  }

  /** The interrupt of its pin; undefined when it has none. */
  async interrupt(): Promise<number | undefined> {
    const irq = Number((await this.#read('irq')).trim())
    return irq > 0 && irq < IRQ_NONE ? irq : undefined
  }

  /** Puts the device into the state of power-on. False when the kernel knows no way for this one, which is common. */
  async reset(): Promise<boolean> {
    const reset = join(this.#devices, this.bdf, 'reset')
    if (!(await exists(reset))) return false
    await writeFile(reset, '1')
    return true
  }

  /** Lets whoever has the device write all of its configuration space. Source: Linux, drivers/xen/xen-pciback/pci_stub.c. */
  permit(): Promise<void> {
    return writeFile(join(this.#pciback, 'permissive'), this.bdf)
  }

  /**
   * Lets the stubdomain that has the device switch its interrupts on and off (INTx, MSI, MSI-X), as QEMU does for the guest: else messages never come. It ends when the stubdomain's pcifront lets
   * the device go. False when pciback cannot do that, before Linux 5.6. Source: Linux, Documentation/ABI/testing/sysfs-driver-pciback.
   */
  async permitInterruptControl(): Promise<boolean> {
    const control = join(this.#pciback, 'allow_interrupt_control')
    if (!(await exists(control))) return false
    await writeFile(control, this.bdf)
    return true
  }

  /** The driver that has it, by its path in sysfs; undefined when none has. */
  async driver(): Promise<string | undefined> {
    const link = await readlink(join(this.#devices, this.bdf, 'driver')).catch(() => undefined)
    return link && join(this.#devices, this.bdf, link)
  }

  unbind(driver: string): Promise<void> {
    return writeFile(join(driver, 'unbind'), this.bdf)
  }

  bind(driver: string): Promise<void> {
    return writeFile(join(driver, 'bind'), this.bdf)
  }

  /** Gives a device without a driver to pciback; its slot must be listed there first. */
  async toPciback(): Promise<void> {
    await writeFile(join(this.#pciback, 'new_slot'), this.bdf)
    await this.bind(this.#pciback)
  }

  async fromPciback(): Promise<void> {
    await this.unbind(this.#pciback)
    await writeFile(join(this.#pciback, 'remove_slot'), this.bdf)
  }

  #read(name: string): Promise<string> {
    return readFile(join(this.#devices, this.bdf, name), 'utf8')
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
