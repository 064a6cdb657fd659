import { existsSync, writeFileSync } from 'node:fs'
import type { Guest } from './guest.ts'
import { eventually, onTestEnd } from './harness.ts'

const BUS = '/sys/bus/xen-backend'

/** Keeps pciback from taking in new backends, so that devices come late, until it is stopped or the test has ended. */
export class PcibackGate {
  constructor() {
    writeFileSync(`${BUS}/drivers_autoprobe`, '0')
    onTestEnd(async () => this.stop())
  }

  /** Lets pciback take in the one of a guest's stubdomain. */
  async open({ stubdomain }: Guest): Promise<void> {
    const device = `pci-${stubdomain}-0`
    await eventually(`the kernel knows the backend ${device}`, async () => existsSync(`${BUS}/devices/${device}`))
    writeFileSync(`${BUS}/drivers_probe`, device)
  }

  stop(): void {
    writeFileSync(`${BUS}/drivers_autoprobe`, '1')
  }
}
