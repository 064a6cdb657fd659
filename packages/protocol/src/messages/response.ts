import * as z from 'zod/mini'
import { checkWith, type Decoded, decodeJson, decodeWith, undecodable } from '../codec/decode.ts'
import { AGENT_CODE_NAMES } from '../codes.ts'
import type { CommandDefinition } from '../commands/command.ts'
import { MESSAGE_BYTES_MAX, VALUE_BYTES_MAX } from '../limits.ts'
import { count, digest, shortText, text } from './fields.ts'
import { continuationFields } from './head.ts'

/**
 * The states of a response, each with its own fields only. `running` and `accepted` may be replaced, the others are final:
 *
 *     running ──┬─> accepted ──┬─> done | failed
 *               └──────────────┴─> done | failed | cancelled
 */

const common = { v: z.literal(1), digest }

const waiting = {
  ...common,
  stage: z.optional(shortText),
  /** The deadline passed and the agent cannot know yet; the truth will replace this. */
  overdue: z.optional(z.boolean()),
  /** `cancel` was seen, but QEMU already had the command. */
  cancel: z.optional(z.literal('too-late')),
}

/** The stage of a command whose answer is being written in parts: dom0 moves its deadline while it progresses. */
export const ANSWERING = 'answering'

const running = z.strictObject({
  ...waiting,
  state: z.literal('running'),
  progress: z.optional(z.strictObject({ done: count, total: z.optional(count) })),
})

const accepted = z.strictObject({ ...waiting, state: z.literal('accepted') })

const failure = z.strictObject({
  code: z.enum(AGENT_CODE_NAMES),
  message: text,
  stage: z.optional(shortText),
  outcome: z.enum(['not-done', 'partly']),
})

const failed = z.strictObject({ ...common, state: z.literal('failed'), error: failure })

const cancelled = z.strictObject({ ...common, state: z.literal('cancelled') })

function doneWith<R extends z.ZodMiniType>(result: R) {
  return z.strictObject({
    ...common,
    state: z.literal('done'),
    result,
    /** Found out by asking QEMU after the agent had restarted. */
    reconciled: z.optional(z.boolean()),
  })
}

const head = z.strictObject({ ...common, state: z.literal('done'), ...continuationFields })

/** The schema of everything that may stand in a response's node of a command. */
export function responseNode<R extends z.ZodMiniType>(result: R) {
  return z.union([running, accepted, failed, cancelled, head, doneWith(result)])
}

type Running = z.output<typeof running>
type Accepted = z.output<typeof accepted>
export type Failure = z.output<typeof failure>
export type Failed = z.output<typeof failed>
type Cancelled = z.output<typeof cancelled>
export type Done = Omit<z.output<ReturnType<typeof doneWith>>, 'result'> & { readonly result: unknown }
export type ResponseHead = z.output<typeof head>

export type PendingResponse = Running | Accepted
export type FinalResponse = Done | Failed | Cancelled
export type Response = PendingResponse | FinalResponse
export type ResponseNode = Response | ResponseHead

export function isResponseHead(node: ResponseNode): node is ResponseHead {
  return 'parts' in node
}

export function isFinal(response: Response): response is FinalResponse {
  return response.state !== 'running' && response.state !== 'accepted'
}

/** What stands in a response's node: strict, since a compromised QEMU may have written it. */
export function decodeResponseNode(
  what: string,
  definition: Pick<CommandDefinition, 'result'>,
  bytes: Uint8Array,
): Decoded<ResponseNode> {
  return decodeByState(what, bytes, VALUE_BYTES_MAX, value => ('parts' in value ? head : doneSchema(definition.result)))
}

/** A response that was put together from its parts: only `done` is ever large. */
export function decodeResponseBody(
  what: string,
  definition: Pick<CommandDefinition, 'result'>,
  bytes: Uint8Array,
): Decoded<Done> {
  return decodeWith(what, doneSchema(definition.result), bytes, MESSAGE_BYTES_MAX) as Decoded<Done>
}

/** An agent reads its own answers again after a restart; what a result holds does not matter to it then. */
export function decodeOwnResponse(what: string, bytes: Uint8Array): Decoded<ResponseNode> {
  return decodeByState(what, bytes, VALUE_BYTES_MAX, value => ('parts' in value ? head : doneSchema(anyResult)))
}

const anyResult = z.unknown()

/** The state picks the schema, so that an error speaks of the field that is wrong and not of a whole union. */
function decodeByState(
  what: string,
  bytes: Uint8Array,
  maxBytes: number,
  doneOrHead: (value: object) => z.ZodMiniType,
): Decoded<ResponseNode> {
  const json = decodeJson(what, bytes, maxBytes)
  if (!json.ok) return json
  const { value } = json
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return undecodable(what, 'it is not an object')
  const state = 'state' in value ? value.state : undefined
  if (state === 'done') return checkWith(what, doneOrHead(value), value) as Decoded<ResponseNode>
  const schema =
    typeof state === 'string' && Object.hasOwn(OTHER_STATES, state) ? OTHER_STATES[state as OtherState] : undefined
  return schema ? checkWith(what, schema, value) : undecodable(what, 'its state is none of the protocol’s')
}

const OTHER_STATES = { running, accepted, failed, cancelled } as const
type OtherState = keyof typeof OTHER_STATES

// Building a schema costs more than using it: one for each command's result, made when first needed.
const doneSchemas = new WeakMap<z.ZodMiniType, z.ZodMiniType>()

function doneSchema(result: z.ZodMiniType): z.ZodMiniType {
  const known = doneSchemas.get(result)
  if (known) return known
  const schema = doneWith(result)
  doneSchemas.set(result, schema)
  return schema
}
