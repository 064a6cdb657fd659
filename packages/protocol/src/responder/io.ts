import type { EncodedMessage } from '../codec/parts.ts'
import type { Failure } from '../messages/response.ts'
import type { NodeBytes } from '../requester/io.ts'

/** How a command is carried out. */
export type ExecutionMode =
  | { readonly kind: 'run' }
  /** An earlier agent claimed it and died: find out what became of it. `stage` and `accepted` are its last words. */
  | { readonly kind: 'reconcile'; readonly stage: string | undefined; readonly accepted: boolean }

/** How an execution ended. */
export type ExecutionOutcome =
  | { readonly kind: 'done'; readonly result: unknown; readonly reconciled?: boolean }
  | { readonly kind: 'failed'; readonly error: Failure }
  | { readonly kind: 'cancelled' }

/** A command's name in the store. */
export interface CommandKey {
  readonly command: string
  readonly id: string
}

export function keyOf({ command, id }: CommandKey): string {
  return `${command}/${id}`
}

/** What a {@link Responder} wants done, in the order given. */
export type ResponderEffect =
  /** Answer with `request-read`. */
  | ({ readonly do: 'read-request' } & CommandKey)
  /** Read parts 0 to count-1 of the request. Answer with `request-parts-read`. */
  | ({ readonly do: 'read-request-parts'; readonly count: number } & CommandKey)
  /** Write the response, then read the request, in one flush. Answer with `claimed` or `claim-refused`. */
  | ({ readonly do: 'claim'; readonly node: string } & CommandKey)
  /** A response that will be replaced. No answer is awaited. */
  | ({ readonly do: 'write-pending'; readonly node: string } & CommandKey)
  /** The final response: parts first. Answer with `answer-written` or `answer-refused`. */
  | ({ readonly do: 'write-answer'; readonly message: EncodedMessage } & CommandKey)
  /** The response and its parts. Answer with `removed`. `directory`: the command's directory too, since the agent does not have that command and no other id stands there. */
  | ({ readonly do: 'remove-response'; readonly parts: boolean; readonly directory: boolean } & CommandKey)
  /** Parts that belong to no response. Answer with `removed`. */
  | { readonly do: 'remove-parts'; readonly id: string }
  /** Answer with `requests-listed`. */
  | { readonly do: 'list-requests'; readonly command: string }
  /** `deadlineAt`: when the requester stops waiting, on the responder's clock. */
  | ({
      readonly do: 'execute'
      readonly args: unknown
      readonly mode: ExecutionMode
      readonly deadlineAt: number
    } & CommandKey)
  /** The requester wants it back and QEMU has not got it. Answer with `executed`. */
  | ({ readonly do: 'abort-execution' } & CommandKey)
  /** The node `refused`. No answer is awaited. */
  | { readonly do: 'write-refused'; readonly node: string }

/** The effects that remove something. */
export type Removal = Extract<ResponderEffect, { do: 'remove-response' | 'remove-parts' }>

/** What a {@link Responder} is told. */
export type ResponderInput =
  /**
   * Once, before anything else: the requests there are, and what an earlier agent left. `responseParts` are the ids that have parts.
   */
  | {
      readonly on: 'started'
      readonly requests: readonly CommandKey[]
      readonly responses: readonly (CommandKey & { readonly bytes: NodeBytes })[]
      readonly responseParts: readonly string[]
    }
  /** A watch fired for a request's node. */
  | ({ readonly on: 'hint' } & CommandKey)
  /** All ids in a command's directory. */
  | { readonly on: 'requests-listed'; readonly command: string; readonly ids: readonly string[] }
  | ({ readonly on: 'request-read'; readonly bytes: NodeBytes } & CommandKey)
  | ({ readonly on: 'request-parts-read'; readonly parts: readonly NodeBytes[] } & CommandKey)
  | ({ readonly on: 'claimed'; readonly request: NodeBytes } & CommandKey)
  /** The claim could not be written: nothing may be executed. */
  | ({ readonly on: 'claim-refused' } & CommandKey)
  | ({
      readonly on: 'stage'
      readonly stage: string
      readonly progress?: { done: number; total?: number }
    } & CommandKey)
  /** QEMU took it; completion depends on the guest. */
  | ({ readonly on: 'accepted' } & CommandKey)
  | ({ readonly on: 'executed'; readonly outcome: ExecutionOutcome } & CommandKey)
  /** So many parts of the answer are written. */
  | ({ readonly on: 'answer-progress'; readonly parts: number } & CommandKey)
  | ({ readonly on: 'answer-written' } & CommandKey)
  | ({ readonly on: 'answer-refused' } & CommandKey)
  | { readonly on: 'removed'; readonly effect: Removal }
  /**
   * The Xenstore connection was lost and a new one is there: what was wanted until now may not have been done and will not be answered. A
   * `requests-listed` of every command must follow, of those that have no requests any more too.
   */
  | { readonly on: 'disconnected' }
  | { readonly on: 'tick' }
