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

  /** Stops it once the kernel knows the backend of a guest's stubdomain, which pciback is to take in, and whatever comes after it: that one may close for an earlier one's sake. */
  async open({ stubdomain }: Guest): Promise<void> {
    const device = `pci-${stubdomain}-0`
    const isKnown = () => existsSync(`${BUS}/devices/${device}`)
    await eventually(`the kernel knows the backend ${device}`, async () => isKnown())
    this.stop()
    try {
      writeFileSync(`${BUS}/drivers_probe`, device)
    } catch (error) {
      if (isKnown()) throw error
    }
  }

  stop(): void {
    writeFileSync(`${BUS}/drivers_autoprobe`, '1')
  }
}
