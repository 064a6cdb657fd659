import { checkWith } from '../codec/decode.ts'
import type { AgentCode } from '../codes.ts'
import { commandDefinition } from '../commands/index.ts'
import { commandDigest, type Sha256 } from '../digest.ts'
import type { Request } from '../messages/request.ts'
import type { Failed, FinalResponse, PendingResponse } from '../messages/response.ts'
import { formatRange, isSpoken, PROTOCOL_VERSIONS } from '../version.ts'
import type { AcceptedRequest } from './entry.ts'
import type { AnswerMemory } from './memory.ts'

/** What becomes of a request that was read. */
export type Admission =
  | { readonly kind: 'queue'; readonly request: AcceptedRequest }
  | { readonly kind: 'answer'; readonly response: FinalResponse }
  /** What stands in its response's node belongs to another command: it is left as it is. */
  | { readonly kind: 'leave' }

export interface AdmissionContext {
  readonly epoch: string
  readonly sha256: Sha256
  readonly memory: AnswerMemory
  /** No command is taken beyond the window. */
  readonly full: boolean
  readonly now: number
}

/** A failure in which nothing was done. */
export function refusal(digest: string, code: AgentCode, message: string): Failed {
  return { v: 1, digest, state: 'failed', error: { code, message, outcome: 'not-done' } }
}

/** The request is of a protocol version that this agent does not speak. */
export function foreign(digest: string, version: number): Failed {
  const ours = formatRange(PROTOCOL_VERSIONS)
  return refusal(digest, 'version', `the request is of protocol version ${version}, this agent speaks ${ours}`)
}

/** The id was executed before; what came of it is not known here any more. */
export function expired(digest: string, id: string): Failed {
  return refusal(digest, 'expired', `id ${id} was carried out before, and its answer is no longer here`)
}

/** It was made for an earlier run, and called back. */
function mayBeDone(digest: string, id: string): Failed {
  return refusal(
    digest,
    'expired',
    `an earlier run of the agent may have carried ${id} out; what became of it is not known`,
  )
}

/**
 * Judges a request.
 * @param left the pending response that an earlier agent left for it
 */
export function admit(
  command: string,
  id: string,
  request: Request,
  left: PendingResponse | undefined,
  context: AdmissionContext,
): Admission {
  const digest = commandDigest(context.sha256, command, request.args)
  const refuse = (code: AgentCode, message: string): Admission => ({
    kind: 'answer',
    response: refusal(digest, code, message),
  })

  if (left && left.digest !== digest) return { kind: 'leave' }
  if (!isSpoken(request.v)) return { kind: 'answer', response: foreign(digest, request.v) }
  const definition = commandDefinition(command)
  if (!definition) return refuse('unsupported', `this agent does not know the command ${command}`)
  const args = checkWith('args', definition.args, request.args)
  if (!args.ok) return refuse('bad-request', args.error.message)
  const accepted = (mode: AcceptedRequest['mode']): Admission => ({
    kind: 'queue',
    request: {
      definition,
      args: args.value,
      digest,
      deadlineAt: context.now + request.deadlineMs,
      touches: definition.touches(args.value),
      mode,
    },
  })

  if (left && definition.replay !== 'repeatable') {
    return accepted({ kind: 'reconcile', stage: left.stage, accepted: left.state === 'accepted' })
  }
  const earlier = definition.replay === 'repeatable' ? undefined : context.memory.recall(id)
  if (earlier === 'expired' || (earlier && earlier.digest !== digest)) {
    return { kind: 'answer', response: expired(digest, id) }
  }
  if (earlier) return { kind: 'answer', response: earlier }
  if (request.epoch !== context.epoch) {
    // A late `cancel` makes a request again that somebody removed: the agent that was meant may have carried it out.
    if (request.cancel && definition.replay !== 'repeatable') {
      return { kind: 'answer', response: mayBeDone(digest, id) }
    }
    return refuse('stale-epoch', 'the agent was restarted before it took the command; nothing was done, give it again')
  }
  if (request.cancel) return { kind: 'answer', response: { v: 1, digest, state: 'cancelled' } }
  if (context.full) return refuse('busy', 'the agent has as many commands as it takes at a time; try again')
  return accepted({ kind: 'run' })
}
