import * as z from 'zod/mini'
import { defineCommand } from '../commands/command.ts'
import { bdf } from '../messages/fields.ts'

/** `pci-attach` with arguments and a result of any size, as no real command has them: for tests of what the protocol can carry. */
export const roomyAttach = defineCommand({
  name: 'pci-attach',
  summary: 'say something long',
  args: z.strictObject({ bdf, text: z.optional(z.string()), answerBytes: z.optional(z.int()) }),
  result: z.strictObject({ text: z.string() }),
  replay: 'reconcilable',
  touches: ({ bdf: address }) => [`pci:${address}`],
})
