import * as z from 'zod/mini'
import { qemuRunState } from '../messages/fields.ts'
import { stateChannel, stateFields, stateText } from '../messages/state.ts'
import { defineCommand, EVERYTHING } from './command.ts'

/** Gives a state to a device model that waits for one. */
export const restoreState = defineCommand({
  name: 'restore-state',
  summary: 'give a saved state to a device model that waits for it',
  args: z.strictObject({
    channel: stateChannel,
    ...stateFields,
    /** The state itself, of channel `xenstore`. */
    data: z.optional(stateText),
  }),
  result: z.strictObject({
    channel: stateChannel,
    /** What QEMU was given. */
    ...stateFields,
    /** What the device model does now, in QEMU's words. */
    runState: qemuRunState,
  }),
  replay: 'once',
  touches: () => [EVERYTHING],
})
