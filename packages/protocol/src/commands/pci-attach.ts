import * as z from 'zod/mini'
import { bdf, guestSlot, text } from '../messages/fields.ts'
import { defineCommand } from './command.ts'
import { pciDevice } from './pci-device.ts'

/** Options spelled as in xl-pci-configuration(5). */
const args = z.strictObject({
  bdf,
  /** The slot where the guest shall see the device; absent: QEMU chooses. */
  slot: z.optional(guestSlot),
  /** Every function of the device that the stubdomain was given, in one slot; `bdf` names function 0, which goes last. */
  functions: z.optional(z.literal('all')),
  permissive: z.optional(z.boolean()),
  msitranslate: z.optional(z.boolean()),
  power_mgmt: z.optional(z.boolean()),
  seize: z.optional(z.boolean()),
  rdm_policy: z.optional(z.enum(['strict', 'relaxed'])),
})

export type PciAttachArgs = z.output<typeof args>

const result = z.extend(pciDevice, {
  /** With `functions`: all that were attached, function 0 included. */
  functions: z.optional(z.array(bdf).check(z.maxLength(8))),
  /** The device's address inside the stubdomain, where it is not the machine's. */
  local: z.optional(bdf),
  /** What will not work with the device, and why. */
  warning: z.optional(text),
})

/** Hot-plugs a device that is assigned to the stubdomain into the guest. */
export const pciAttach = defineCommand({
  name: 'pci-attach',
  summary: 'hot-plug a PCI device into the guest',
  args,
  result,
  replay: 'reconcilable',
  touches: ({ bdf: address }) => [`pci:${address}`],
})

/**
 * Options that QEMU does not know: the toolstack carries them out with hypercalls and in pciback. At their default they mean nothing and are
 * accepted; at another value the agent must refuse them by name, or somebody would believe that they took effect.
 */
export const TOOLSTACK_OPTIONS = {
  msitranslate: { standard: false, carriedOutBy: 'the toolstack, when it binds the interrupt' },
  power_mgmt: { standard: false, carriedOutBy: 'pciback in dom0' },
  seize: { standard: false, carriedOutBy: 'the toolstack, before it assigns the device (xl pci-assignable-add)' },
  rdm_policy: { standard: 'relaxed', carriedOutBy: 'the toolstack, when it assigns the device' },
} as const satisfies Partial<Record<keyof PciAttachArgs, { standard: unknown; carriedOutBy: string }>>
