import * as z from 'zod/mini'
import { MESSAGE_BYTES_MAX, PARTS_MAX } from '../limits.ts'
import { sha256 } from './fields.ts'

/** Fields of a head: it stands where a message would stand that does not fit, and says what its parts make up together. */
export const continuationFields = {
  parts: z.int().check(z.minimum(1), z.maximum(PARTS_MAX)),
  bytes: z.int().check(z.minimum(1), z.maximum(MESSAGE_BYTES_MAX)),
  sha256,
}

/** What a head says of its parts. */
export interface Continuation {
  readonly parts: number
  readonly bytes: number
  readonly sha256: string
}
