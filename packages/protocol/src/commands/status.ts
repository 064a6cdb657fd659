import * as z from 'zod/mini'
import { commandId, commandName, count, qemuRunState, shortText } from '../messages/fields.ts'
import { defineCommand } from './command.ts'

/** One command that the agent is working on. */
const inFlight = z.strictObject({
  id: commandId,
  command: commandName,
  state: z.enum(['queued', 'running', 'accepted']),
  overdue: z.optional(z.boolean()),
})

/** What the agent and its device model are doing. */
export const status = defineCommand({
  name: 'status',
  summary: 'ask the agent and QEMU how they are',
  args: z.strictObject({}),
  result: z.strictObject({
    agent: z.strictObject({ version: shortText, uptimeMs: count, window: count }),
    qemu: z.strictObject({ version: shortText, runState: qemuRunState, running: z.boolean() }),
    inFlight: z.array(inFlight).check(z.maxLength(256)),
    /** Devices whose removal was asked for and not yet answered by the guest. */
    pendingRemovals: z.array(shortText).check(z.maxLength(64)),
  }),
  replay: 'repeatable',
  touches: () => [],
})
