import { type AgentCode, type FailureOutcome, printable, TEXT_MAX } from '@stubdom/protocol'

/** A command failed: what dom0 is told of it. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly code: AgentCode
  readonly stage: string | undefined
  readonly outcome: FailureOutcome

  constructor(
    code: AgentCode,
    message: string,
    options: { stage?: string; outcome?: FailureOutcome; cause?: unknown } = {},
  ) {
    super(printable(message, TEXT_MAX), { cause: options.cause })
    this.code = code
    this.stage = options.stage
    this.outcome = options.outcome ?? 'not-done'
  }
}

/** The requester took the command back before QEMU had it. */
export class CommandCancelled extends Error {
  override readonly name = 'CommandCancelled'
}
