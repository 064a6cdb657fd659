import * as z from 'zod/mini'
import { defineCommand } from './command.ts'

/** A round trip through Xenstore and the agent; QEMU is not asked. */
export const ping = defineCommand({
  name: 'ping',
  summary: 'measure the round trip to the agent',
  args: z.strictObject({}),
  result: z.strictObject({}),
  replay: 'repeatable',
  touches: () => [],
})
