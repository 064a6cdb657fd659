import { encodeJson } from '../codec/text.ts'
import { decodeRequestNode } from '../messages/request.ts'
import type { FinalResponse, PendingResponse } from '../messages/response.ts'
import type { EntryIn } from './entry.ts'
import type { ExecutionOutcome } from './io.ts'

/** How far a command has come, in units of its own. */
export interface Progress {
  readonly done: number
  readonly total?: number
}

/** The node of a command that is under way. */
export function pendingNode(entry: EntryIn<'executing'>, progress?: Progress): string {
  const common = {
    v: 1 as const,
    digest: entry.request.digest,
    ...(entry.stage === undefined ? {} : { stage: entry.stage }),
    ...(entry.overdue ? { overdue: true } : {}),
    ...(entry.cancel === 'too-late' ? { cancel: 'too-late' as const } : {}),
  }
  const response: PendingResponse =
    entry.phase === 'accepted'
      ? { state: 'accepted', ...common }
      : { state: 'running', ...common, ...(progress ? { progress } : {}) }
  return encodeJson(response)
}

/** The node that claims a command. */
export function claimNode(digest: string): string {
  return encodeJson({ v: 1, state: 'running', digest } satisfies PendingResponse)
}

export function finalResponse(digest: string, outcome: ExecutionOutcome): FinalResponse {
  switch (outcome.kind) {
    case 'done': {
      const { result, reconciled } = outcome
      return { v: 1, digest, state: 'done', result, ...(reconciled ? { reconciled: true } : {}) }
    }
    case 'failed':
      return { v: 1, digest, state: 'failed', error: outcome.error }
    case 'cancelled':
      return cancelled(digest)
  }
}

export function cancelled(digest: string): FinalResponse {
  return { v: 1, digest, state: 'cancelled' }
}

/** Whether a request's node asks for the command back. */
export function saysCancel(request: Uint8Array): boolean {
  const node = decodeRequestNode('request', request)
  return node.ok && node.value.cancel === true
}
