import * as z from 'zod/mini'
import { bdf, count, qdevIdText, shortText } from '../messages/fields.ts'

/** Where the guest sees a device. */
const guestAddress = z.strictObject({
  /** Absent while the device stands behind a bridge that the guest's firmware has not numbered. */
  bus: z.optional(z.int().check(z.minimum(0), z.maximum(255))),
  slot: z.int().check(z.minimum(0), z.maximum(31)),
  function: z.int().check(z.minimum(0), z.maximum(7)),
})

/** A device as QEMU has it: read back from QEMU, never echoed from the request. */
export const pciDevice = z.strictObject({
  bdf,
  qdevId: qdevIdText,
  driver: shortText,
  guest: z.optional(guestAddress),
  /** The address that QEMU was given for the real device, where it is not `bdf`. */
  hostaddr: z.optional(bdf),
  /** What was applied; absent where the device has no such option. */
  permissive: z.optional(z.boolean()),
  vendorId: z.optional(count),
  deviceId: z.optional(count),
  /** The guest was asked to give it up and has not answered. */
  removalPending: z.optional(z.boolean()),
})

export type PciDevice = z.output<typeof pciDevice>
