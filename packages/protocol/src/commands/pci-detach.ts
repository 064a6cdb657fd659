import * as z from 'zod/mini'
import { bdf, qdevIdText } from '../messages/fields.ts'
import { defineCommand } from './command.ts'

/** Asks the guest to give a device up; done only when QEMU has deleted it. */
export const pciDetach = defineCommand({
  name: 'pci-detach',
  summary: 'unplug a PCI device from the guest',
  args: z.strictObject({ bdf }),
  result: z.strictObject({
    bdf,
    qdevId: qdevIdText,
    /** An earlier detach of the device was still waiting for the guest; this one joined it and asked again. */
    joined: z.optional(z.boolean()),
    /** The device had other functions in its slot of the guest, which went with it: all of them, `bdf` included. */
    functions: z.optional(z.array(bdf).check(z.maxLength(8))),
  }),
  replay: 'reconcilable',
  touches: ({ bdf: address }) => [`pci:${address}`],
})
