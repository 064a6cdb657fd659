import * as z from 'zod/mini'
import { type Decoded, decodeWith } from '../codec/decode.ts'
import { AGENT_CODE_NAMES } from '../codes.ts'
import { REFUSED_MAX, VALUE_BYTES_MAX } from '../limits.ts'
import { shortText } from './fields.ts'

/** A request that got no response node: its name may be anything that fits a node's name. */
const entry = z.strictObject({ command: shortText, id: shortText, code: z.enum(AGENT_CODE_NAMES) })

export const refused = z.strictObject({ v: z.literal(1), refused: z.array(entry).check(z.maxLength(REFUSED_MAX)) })

/** The node `refused`: the newest requests that could not be given a response node, newest last. */
export type Refused = z.output<typeof refused>
export type RefusedEntry = z.output<typeof entry>

export function decodeRefused(bytes: Uint8Array): Decoded<Refused> {
  return decodeWith('refused', refused, bytes, VALUE_BYTES_MAX)
}
