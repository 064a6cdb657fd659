import * as z from 'zod/mini'
import { type Decoded, decodeWith } from '../codec/decode.ts'
import { VALUE_BYTES_MAX } from '../limits.ts'

/** The last millisecond that a date can stand for (ECMAScript, time values). */
const TIME_MAX = 8.64e15

export const made = z.object({ v: z.literal(1), at: z.int().check(z.minimum(0), z.maximum(TIME_MAX)) })

/**
 * The node `made`: when dom0 made the control directory, in milliseconds since 1970 by dom0's clock. A dom0 process that finds a young directory without a hello waits for it
 * as the one that made it does.
 */
export type Made = z.output<typeof made>

export function decodeMade(bytes: Uint8Array): Decoded<Made> {
  return decodeWith('made', made, bytes, VALUE_BYTES_MAX)
}
