import * as z from 'zod/mini'
import { defineCommand } from './command.ts'
import { pciDevice } from './pci-device.ts'

/** The passed-through devices that QEMU has, whoever attached them. */
export const pciList = defineCommand({
  name: 'pci-list',
  summary: 'list the PCI devices that the guest was given',
  args: z.strictObject({}),
  result: z.strictObject({ devices: z.array(pciDevice).check(z.maxLength(256)) }),
  replay: 'repeatable',
  touches: () => [],
})
