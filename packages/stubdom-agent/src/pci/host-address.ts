/** What QEMU is told of where a device is. */
export interface HostAddress {
  readonly hostaddr: string
  /** What will not work, in words. */
  readonly warning?: string
  /** Why QEMU will not take the device at all, in words. */
  readonly obstacle?: string
}

/** Where QEMU expects the graphics of an Intel processor, and takes nothing else. Source: QEMU, hw/xen/xen_pt.c (xen_pt_realize). */
const INTEL_GRAPHICS = '0000:00:02.0'

/**
 * From 9.1 on QEMU in a stubdomain takes the machine’s address and looks the local one up by itself; before, it opens sysfs by the address it is given. The same
 * address names the device in the hypercalls that map its MSIs, where the machine’s is wanted. Source: QEMU, hw/xen/xen-host-pci-device.c and xen_pt_msi.c.
 */
export function hostAddress(qemuVersion: string, bdf: string, local: string): HostAddress {
  if (bdf === local || looksUp(qemuVersion)) return { hostaddr: bdf }
  const warning = `QEMU ${qemuVersion} knows ${bdf} by its address in the stubdomain, ${local}, only: MSI and MSI-X of the device will not work. Use QEMU 9.1, or xen-pciback with passthrough=1`
  if (local !== INTEL_GRAPHICS) return { hostaddr: local, warning }
  const obstacle = `pciback shows ${bdf} to the stubdomain at ${local}, where QEMU ${qemuVersion} takes nothing but Intel graphics. Use QEMU 9.1, or xen-pciback with passthrough=1, or detach a device and attach it again after this one`
  return { hostaddr: local, warning, obstacle }
}

function looksUp(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 9 || (major === 9 && minor >= 1)
}
