import * as z from 'zod/mini'
import { runState } from '../messages/fields.ts'
import { stateChannel, stateFields, stateText } from '../messages/state.ts'
import { defineCommand, EVERYTHING } from './command.ts'

/** Saves the device model's state; no RAM, which is Xen's to save. */
export const saveState = defineCommand({
  name: 'save-state',
  summary: 'save the device model’s state (no RAM)',
  args: z.strictObject({
    /** The first of them that the agent has and that can carry the state is taken. */
    channels: z.array(stateChannel).check(z.minLength(1), z.maxLength(8)),
    /** Let the device model go on afterwards if it was running. */
    resume: z.boolean(),
  }),
  result: z.strictObject({
    channel: stateChannel,
    ...stateFields,
    /** The state itself, of channel `xenstore`. */
    data: z.optional(stateText),
    /** The device model's run state before, and now. */
    before: runState,
    runState,
  }),
  replay: 'once',
  answersOnce: true,
  touches: () => [EVERYTHING],
})
