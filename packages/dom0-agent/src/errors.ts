import type { ErrorCode, FailureOutcome, PendingResponse } from '@stubdom/protocol'
import { describeMisbehaviour, MISBEHAVIOUR_REMEDY, type Misbehaviour } from './misbehaviour.ts'

/**
 * What can go wrong in dom0, and whose fault it was. Every promise of the library rejects with one of these leaves:
 *
 *     Dom0Error
 *     ├─ UsageError              the caller: nothing was sent
 *     ├─ NoXenstoreError         there is no Xenstore, or it went away or silent
 *     ├─ AccessError             the Xenstore refused: this is not dom0, or not privileged
 *     ├─ DomainError             there is no such domain, or it has no stubdomain
 *     ├─ NoAgentError            no agent is ready in the stubdomain; nothing was sent
 *     ├─ MisbehavingError        the stubdomain wrote what no agent writes: `why`; `outcome` says whether a command may have taken effect
 *     ├─ VersionMismatchError    the agent shares no protocol version with us; nothing was sent
 *     ├─ SaveTargetError         the file to save to cannot be written
 *     ├─ RestoreSourceError      the file to restore from cannot be used; nothing was sent
 *     ├─ PlumbingError           the toolstack's part of a hot-plug (pciback, hypercalls) failed: `step`, `outcome`
 *     ├─ CommandFailedError      the command was not done, or partly: `code`, `outcome`, `stage`
 *     ├─ CommandCancelledError   the caller took the command back; nothing was done
 *     └─ OutcomeUnknownError     no final answer: the command may still take effect; its `id` can be picked up again
 */
export abstract class Dom0Error extends Error {
  /** For programs. */
  abstract readonly code: string
  /** What a person can do about it, if anything is known to help. */
  readonly remedy: string | undefined

  constructor(message: string, options?: Dom0ErrorOptions) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.remedy = options?.remedy
  }
}

export interface Dom0ErrorOptions {
  readonly remedy?: string | undefined
  readonly cause?: unknown
}

/** The caller asked for something that cannot be asked. */
export class UsageError extends Dom0Error {
  override readonly name = 'UsageError'
  readonly code = 'usage'
}

/** The Xenstore cannot be reached, or not any more. */
export class NoXenstoreError extends Dom0Error {
  override readonly name = 'NoXenstoreError'
  readonly code = 'no-xenstore'
}

/** The Xenstore said no to something that dom0 may always do. */
export class AccessError extends Dom0Error {
  override readonly name = 'AccessError'
  readonly code = 'access'
}

/** The domain that was named cannot be commanded. */
export class DomainError extends Dom0Error {
  override readonly name = 'DomainError'
  readonly code: 'unknown-domain' | 'no-stubdomain'

  constructor(code: 'unknown-domain' | 'no-stubdomain', message: string, options?: Dom0ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Nobody answers commands in the stubdomain. */
export class NoAgentError extends Dom0Error {
  override readonly name = 'NoAgentError'
  readonly code = 'no-agent'
}

/** The stubdomain wrote what no agent of ours writes; nothing of it was believed. */
export class MisbehavingError extends Dom0Error {
  override readonly name = 'MisbehavingError'
  readonly code = 'misbehaving'
  readonly stubdomain: number
  /** What it did, printable. */
  readonly why: string
  /** `unknown`: a command had been sent, and the only one who can tell what became of it cannot be believed. */
  readonly outcome: 'not-done' | 'unknown'
  /** Of that command. */
  readonly id: string | undefined

  constructor(misbehaviour: Misbehaviour, command?: { readonly id: string; readonly outcome: 'not-done' | 'unknown' }) {
    super(describeMisbehaviour(misbehaviour), { remedy: MISBEHAVIOUR_REMEDY })
    this.stubdomain = misbehaviour.stubdomain
    this.why = misbehaviour.why
    this.outcome = command?.outcome ?? 'not-done'
    this.id = command?.id
  }
}

/** Both sides are right, but share no version of the protocol. The message names both ranges. */
export class VersionMismatchError extends Dom0Error {
  override readonly name = 'VersionMismatchError'
  readonly code = 'version'
  readonly ours: readonly [number, number]
  readonly theirs: readonly [number, number]

  constructor(ours: readonly [number, number], theirs: readonly [number, number], message: string, remedy: string) {
    super(message, { remedy })
    this.ours = ours
    this.theirs = theirs
  }
}

/** The file that a state is to be saved to. A file that was there before is as it was. */
export class SaveTargetError extends Dom0Error {
  override readonly name = 'SaveTargetError'
  readonly code = 'save-target'
  /** `partly`: the device model was stopped for it and could not be let go on. */
  readonly outcome: FailureOutcome

  constructor(outcome: FailureOutcome, message: string, options?: Dom0ErrorOptions) {
    super(message, options)
    this.outcome = outcome
  }
}

/** What only the toolstack can do for a device was refused; what had been done before was taken back, or the message says what was not. */
export class PlumbingError extends Dom0Error {
  override readonly name = 'PlumbingError'
  readonly code = 'plumbing'
  /** How far it had come. */
  readonly step: string
  readonly outcome: FailureOutcome

  constructor(step: string, outcome: FailureOutcome, message: string, options?: Dom0ErrorOptions) {
    super(message, options)
    this.step = step
    this.outcome = outcome
  }
}

/** The file that a state is to be restored from. */
export class RestoreSourceError extends Dom0Error {
  override readonly name = 'RestoreSourceError'
  readonly code = 'restore-source'
}

/** The command failed, and what that left behind is known. */
export class CommandFailedError extends Dom0Error {
  override readonly name = 'CommandFailedError'
  readonly id: string
  readonly code: ErrorCode
  readonly outcome: FailureOutcome
  /** How far it had come, in the agent's words. */
  readonly stage: string | undefined

  constructor(
    failure: { id: string; code: ErrorCode; outcome: FailureOutcome; message: string; stage?: string },
    options?: Dom0ErrorOptions,
  ) {
    super(failure.message, options)
    this.id = failure.id
    this.code = failure.code
    this.outcome = failure.outcome
    this.stage = failure.stage
  }
}

/** The command was taken back in time. */
export class CommandCancelledError extends Dom0Error {
  override readonly name = 'CommandCancelledError'
  readonly code = 'cancelled'
  readonly id: string

  constructor(id: string) {
    super('the command was cancelled; nothing was done')
    this.id = id
  }
}

/** There is no final answer. The truth can be asked for later under the same `id`. */
export class OutcomeUnknownError extends Dom0Error {
  override readonly name = 'OutcomeUnknownError'
  readonly id: string
  readonly code: ErrorCode
  /** The agent's last word, if there was any. */
  readonly latest: PendingResponse | undefined

  constructor(id: string, code: ErrorCode, message: string, latest?: PendingResponse, options?: Dom0ErrorOptions) {
    super(message, options)
    this.id = id
    this.code = code
    this.latest = latest
  }
}
