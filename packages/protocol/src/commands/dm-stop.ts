import * as z from 'zod/mini'
import { runState } from '../messages/fields.ts'
import { defineCommand } from './command.ts'

/** Stops the device model. On Xen the guest's vCPUs go on: `xl pause` stops those. */
export const dmStop = defineCommand({
  name: 'dm-stop',
  summary: 'stop the device model',
  args: z.strictObject({}),
  result: z.strictObject({ runState, changed: z.boolean() }),
  replay: 'reconcilable',
  touches: () => ['run-state'],
})
