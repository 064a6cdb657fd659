/** What QEMU is told of where a device is. */
export interface HostAddress {
  readonly hostaddr: string
  /** What will not work, in words. */
  readonly warning?: string
}

/**
 * From 9.1 on QEMU in a stubdomain takes the machine’s address and looks the local one up by itself; before, it opens sysfs by the address it is given. The same
 * address names the device in the hypercalls that map its MSIs, where the machine’s is wanted. Source: QEMU, hw/xen/xen-host-pci-device.c and xen_pt_msi.c.
 */
export function hostAddress(qemuVersion: string, bdf: string, local: string): HostAddress {
  if (bdf === local || looksUp(qemuVersion)) return { hostaddr: bdf }
  const warning = `QEMU ${qemuVersion} knows ${bdf} by its address in the stubdomain, ${local}, only: MSI and MSI-X of the device will not work. Use QEMU 9.1, or xen-pciback with passthrough=1`
  return { hostaddr: local, warning }
}

function looksUp(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 9 || (major === 9 && minor >= 1)
}
