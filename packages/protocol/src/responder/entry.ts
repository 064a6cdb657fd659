import type { EncodedMessage } from '../codec/parts.ts'
import type { CommandDefinition } from '../commands/command.ts'
import type { RequestHead } from '../messages/request.ts'
import type { FinalResponse, PendingResponse } from '../messages/response.ts'
import type { CommandKey, ExecutionMode } from './io.ts'

/** A request that was read and found good. */
export interface AcceptedRequest {
  readonly definition: CommandDefinition
  readonly args: unknown
  readonly digest: string
  /** When its deadline passes, on the responder's clock. */
  readonly deadlineAt: number
  /** What it changes: see CommandDefinition.touches. */
  readonly touches: readonly string[]
  readonly mode: ExecutionMode
}

/**
 * The life of one id in the agent:
 *
 *     reading ──> queued ──> claiming ──> executing ──> answering ──> answered ──> (gone)
 *        │           └──────────────────────^                ^
 *        └──────────────────────────────────────────────────┘   what is refused is answered without being executed
 */
export type Entry = CommandKey &
  (
    | {
        readonly state: 'reading'
        readonly again: boolean
        /** What an earlier agent had written for it. */
        readonly left?: PendingResponse
        /** The request is continued in parts, which are being read. */
        readonly head?: RequestHead
      }
    | { readonly state: 'queued'; readonly request: AcceptedRequest }
    | { readonly state: 'claiming'; readonly request: AcceptedRequest; readonly hinted: boolean }
    | {
        readonly state: 'executing'
        readonly request: AcceptedRequest
        readonly phase: 'running' | 'accepted'
        /** A node with a pending response stands in the store. */
        readonly published: boolean
        readonly committed: boolean
        readonly overdue: boolean
        readonly cancel: 'no' | 'asked' | 'too-late'
        readonly stage?: string
        readonly reread: 'no' | 'yes' | 'again'
        /** The request went while the command was under way: nobody waits for the answer. */
        readonly abandoned: boolean
      }
    | {
        readonly state: 'answering'
        readonly response: FinalResponse
        readonly message: EncodedMessage
        readonly parts: boolean
        /** Already answered once that there is no room for it. */
        readonly shrunk: boolean
      }
    | { readonly state: 'answered'; readonly parts: boolean; readonly response: FinalResponse | undefined }
  )

export type EntryIn<S extends Entry['state']> = Extract<Entry, { state: S }>

/** One command that is queued or under way, as `status` shows it. */
export interface InFlight extends CommandKey {
  readonly state: 'queued' | 'running' | 'accepted'
  readonly overdue: boolean
}
