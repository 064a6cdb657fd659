import { legible } from './legible.ts'

/**
 * Everything this package throws or rejects with.
 *
 *     QmpError
 *     ├── QmpCommandError        QEMU said no: the command was understood and refused, or it failed
 *     ├── QmpTimeoutError        a deadline passed; `stage` says while waiting for what
 *     ├── QmpAbortedError        the caller's AbortSignal fired
 *     ├── QmpBusyError           too many commands are unanswered; this one was not sent
 *     └── QmpConnectionError     there is no connection (any more)
 *         ├── QmpUnavailableError    it could not be made; `errno` says why (ENOENT, ECONNREFUSED …: no QEMU there)
 *         ├── QmpLostError           QEMU went away, or closed the connection
 *         ├── QmpClosedError         our own side called close()
 *         └── QmpProtocolError       what came is not QMP, so nothing after it can be trusted
 *
 * A QEMU that is dead and one that hangs look different: dead is QmpUnavailableError with ECONNREFUSED or ENOENT, hanging is
 * QmpTimeoutError at stage `greeting`. The kernel accepts the connection for a process that is stopped; a monitor that
 * another client holds looks the same.
 *
 * After QmpTimeoutError (stage `command`), QmpAbortedError, QmpLostError and QmpClosedError it is not known whether QEMU carried the
 * command out.
 */
export type QmpErrorCode =
  | 'command-failed'
  | 'timeout'
  | 'aborted'
  | 'busy'
  | 'unavailable'
  | 'lost'
  | 'closed'
  | 'protocol'

/** What a deadline was for. `connect` to `capabilities` belong to QmpClient.connect, `command` to execute. */
export type QmpStage = 'connect' | 'greeting' | 'capabilities' | 'command'

export abstract class QmpError extends Error {
  abstract readonly code: QmpErrorCode

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/**
 * QEMU answered with an error. `class` is almost always `GenericError`; `desc` is QEMU's text as it came, for people, not to be matched; the message has it in
 * a form that is fit for a log.
 */
export class QmpCommandError extends QmpError {
  readonly code = 'command-failed'
  readonly command: string
  readonly class: string
  readonly desc: string

  constructor(command: string, errorClass: string, desc: string) {
    super(`QEMU refused ${command}: ${legible(desc, 1_000)} (${legible(errorClass, 64)})`)
    this.command = command
    this.class = errorClass
    this.desc = desc
  }
}

export class QmpTimeoutError extends QmpError {
  readonly code = 'timeout'
  readonly stage: QmpStage
  readonly timeoutMs: number

  constructor(stage: QmpStage, timeoutMs: number, text: string) {
    super(text)
    this.stage = stage
    this.timeoutMs = timeoutMs
  }
}

/** `cause` is the signal's reason. */
export class QmpAbortedError extends QmpError {
  readonly code = 'aborted'
}

/** See MAX_UNANSWERED: QEMU does not keep up, and a new connection is the way out. */
export class QmpBusyError extends QmpError {
  readonly code = 'busy'
}

export abstract class QmpConnectionError extends QmpError {}

export class QmpUnavailableError extends QmpConnectionError {
  readonly code = 'unavailable'
  readonly errno: string
  readonly path: string

  constructor(errno: string, path: string, options?: ErrorOptions) {
    super(`Cannot connect to QMP at ${path}: ${errno}`, options)
    this.errno = errno
    this.path = path
  }
}

export class QmpLostError extends QmpConnectionError {
  readonly code = 'lost'
}

export class QmpClosedError extends QmpConnectionError {
  readonly code = 'closed'
}

export class QmpProtocolError extends QmpConnectionError {
  readonly code = 'protocol'
}
