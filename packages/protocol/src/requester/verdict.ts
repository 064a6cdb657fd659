import type { AgentCode, FailureOutcome, VerdictCode } from '../codes.ts'
import type { PendingResponse } from '../messages/response.ts'

/**
 * How a call ended in dom0. `unknown` is dom0's alone: the command may still take effect, and the id can be picked up again.
 * `message` and `stage` are printable, whoever wrote them.
 */
export type Verdict =
  | { readonly outcome: 'done'; readonly result: unknown; readonly reconciled: boolean }
  | {
      readonly outcome: FailureOutcome
      readonly code: AgentCode | VerdictCode
      readonly message: string
      readonly stage?: string
    }
  | { readonly outcome: 'cancelled' }
  | {
      readonly outcome: 'unknown'
      readonly code: VerdictCode
      readonly message: string
      /** The last word of the agent, if there was any. */
      readonly latest?: PendingResponse
    }
