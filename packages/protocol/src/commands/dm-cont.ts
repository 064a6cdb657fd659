import * as z from 'zod/mini'
import { runState } from '../messages/fields.ts'
import { defineCommand } from './command.ts'

/** Lets the device model go on after `dm-stop` or `save-state`. */
export const dmCont = defineCommand({
  name: 'dm-cont',
  summary: 'let the device model go on',
  args: z.strictObject({}),
  result: z.strictObject({ runState, changed: z.boolean() }),
  replay: 'reconcilable',
  touches: () => ['run-state'],
})
