import * as z from 'zod/mini'
import { checkWith, type Decoded, decodeJson, decodeWith } from '../codec/decode.ts'
import { DEADLINE_MS_MAX, MESSAGE_BYTES_MAX, VALUE_BYTES_MAX } from '../limits.ts'
import { epoch } from './fields.ts'
import { continuationFields } from './head.ts'

/** Fields that this version does not know are ignored here: a dom0 of a later version may write them. `args` are judged by the command. */
export const request = z.object({
  v: z.int().check(z.minimum(1), z.maximum(1_000)),
  epoch,
  /** Milliseconds, counted by each side from when it first held the request: the clocks of two domains differ. */
  deadlineMs: z.int().check(z.minimum(1), z.maximum(DEADLINE_MS_MAX)),
  cancel: z.optional(z.boolean()),
  args: z.unknown(),
})

export const requestHead = z.object({
  v: z.int().check(z.minimum(1), z.maximum(1_000)),
  cancel: z.optional(z.boolean()),
  ...continuationFields,
})

/** A command as dom0 writes it into `dom0/request/<command>/<id>`. */
export type Request = z.output<typeof request>
export type RequestHead = z.output<typeof requestHead>
export type RequestNode = Request | RequestHead

export function isRequestHead(node: RequestNode): node is RequestHead {
  return 'parts' in node
}

/** What stands in a request's node: the request, or the head of one continued in parts. */
export function decodeRequestNode(what: string, bytes: Uint8Array): Decoded<RequestNode> {
  const json = decodeJson(what, bytes, VALUE_BYTES_MAX)
  if (!json.ok) return json
  const isHead = typeof json.value === 'object' && json.value !== null && 'parts' in json.value
  return checkWith<typeof requestHead | typeof request>(what, isHead ? requestHead : request, json.value)
}

/** The version of a request that cannot be read otherwise: one of a later version may have any other form. */
export function requestVersion(bytes: Uint8Array): number | undefined {
  const any = decodeWith('request', z.object({ v: request.shape.v }), bytes, VALUE_BYTES_MAX)
  return any.ok ? any.value.v : undefined
}

/** A request that was put together from its parts. */
export function decodeRequestBody(what: string, bytes: Uint8Array): Decoded<Request> {
  return decodeWith(what, request, bytes, MESSAGE_BYTES_MAX)
}
