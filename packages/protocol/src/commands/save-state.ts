import * as z from 'zod/mini'
import { count, runState, sha256 } from '../messages/fields.ts'
import { defineCommand, EVERYTHING } from './command.ts'

/** How the state travels from QEMU to dom0. Both sides are configured alike; a response never tells dom0 where to read. */
export const saveChannel = z.enum(['file'])

/** Saves the device model's state; no RAM, which is Xen's to save. */
export const saveState = defineCommand({
  name: 'save-state',
  summary: 'save the device model’s state (no RAM)',
  args: z.strictObject({
    channel: saveChannel,
    /** Let the device model go on afterwards if it was running. */
    resume: z.boolean(),
  }),
  result: z.strictObject({
    channel: saveChannel,
    bytes: count,
    sha256,
    /** The device model's run state now. */
    runState,
  }),
  replay: 'once',
  touches: () => [EVERYTHING],
})
