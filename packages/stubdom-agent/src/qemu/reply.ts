import type * as z from 'zod/mini'
import { CommandFailure } from '../commands/failure.ts'

/** Takes of a reply of QEMU what is needed; a reply that lacks it is QEMU’s fault. */
export function parseReply<S extends z.ZodMiniType>(command: string, schema: S, reply: unknown): z.output<S> {
  const result = schema.safeParse(reply)
  if (result.success) return result.data
  throw new CommandFailure('qemu-error', `QEMU’s reply to ${command} is not of the expected form`)
}
