import { encodeJson } from '../codec/text.ts'
import { decodeRequestNode } from '../messages/request.ts'
import { ANSWERING, type FinalResponse, type PendingResponse } from '../messages/response.ts'
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
    digest: entry.request.digest,
    ...(entry.stage === undefined ? {} : { stage: entry.stage }),
    ...(entry.overdue ? { overdue: true } : {}),
    ...(entry.cancel === 'too-late' ? { cancel: 'too-late' as const } : {}),
  }
  const response: PendingResponse =
    entry.phase === 'accepted'
      ? { v: 1, state: 'accepted', ...common }
      : { v: 1, state: 'running', ...common, ...(progress ? { progress } : {}) }
  return encodeJson(response)
}

/** The node that claims a command. */
export function claimNode(digest: string): string {
  return encodeJson({ v: 1, state: 'running', digest } satisfies PendingResponse)
}

/** The node of a command whose answer is being written in parts. */
export function answeringNode(digest: string, progress: Progress): string {
  return encodeJson({ v: 1, state: 'running', digest, stage: ANSWERING, progress } satisfies PendingResponse)
}

export function finalResponse(digest: string, outcome: ExecutionOutcome): FinalResponse {
  switch (outcome.kind) {
    case 'done': {
      const { result, reconciled } = outcome
      return { v: 1, state: 'done', digest, result, ...(reconciled ? { reconciled: true } : {}) }
    }
    case 'failed':
      return { v: 1, state: 'failed', digest, error: outcome.error }
    case 'cancelled':
      return cancelled(digest)
  }
}

export function cancelled(digest: string): FinalResponse {
  return { v: 1, state: 'cancelled', digest }
}

/** Whether a request's node asks for the command back. */
export function saysCancel(request: Uint8Array): boolean {
  const node = decodeRequestNode('request', request)
  return node.ok && node.value.cancel === true
}
