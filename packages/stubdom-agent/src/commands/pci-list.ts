import { describePeripherals, listPeripherals } from '../pci/devices.ts'
import type { CommandHandler } from './handler.ts'

export const pciList: CommandHandler<'pci-list'> = {
  async run(_args, { qemu, removals }) {
    const devices = (await listPeripherals(qemu)).slice(0, 256)
    return { devices: await describePeripherals(qemu, devices, qdevId => removals.isPending(qdevId)) }
  },
}
