/**
 * What can go wrong with a Xenstore client, and whose fault it was. The tree is closed: every promise and stream of the
 * client fails with one of these leaves (a transaction also passes on what its body threw).
 *
 *     XenstoreError
 *     ├── XenstoreUsageError          the caller: nothing was sent
 *     ├── XenstoreReplyError          the daemon said no: `errno`, `operation`, `path`
 *     ├── XenstoreTimeoutError        no answer in time: whether it was carried out is unknown
 *     ├── XenstoreAbortedError        the caller's signal: whether it was carried out is unknown
 *     └── XenstoreConnectionError     there is no connection (any more)
 *         ├── XenstoreUnavailableError    it could not be made
 *         ├── XenstoreLostError           it ended by itself, or the daemon stopped answering
 *         ├── XenstoreClosedError         this side closed it
 *         └── XenstoreProtocolError       the peer does not speak the protocol; the client ended it
 */
import type { ErrnoName } from '../errno.ts'

export type XenstoreErrorCode =
  | 'usage'
  | 'reply'
  | 'timeout'
  | 'aborted'
  | 'unavailable'
  | 'lost'
  | 'closed'
  | 'protocol'

export abstract class XenstoreError extends Error {
  /** Names the leaf of the tree, for programs. */
  abstract readonly code: XenstoreErrorCode
}

/** The caller asked for something that cannot be asked. Nothing was sent. */
export class XenstoreUsageError extends XenstoreError {
  override readonly name = 'XenstoreUsageError'
  readonly code = 'usage'

  /** `where` is the call, `problem` what is wrong with it. */
  constructor(where: string, problem: string) {
    super(`${where}: ${problem}`)
  }
}

/**
 * The daemon refused. The daemons differ in places: oxenstored says EQUOTA where C xenstored says ENOSPC or E2BIG, and
 * a transaction id that it does not know is ENOENT to C xenstored and EIO to oxenstored.
 */
export class XenstoreReplyError extends XenstoreError {
  override readonly name = 'XenstoreReplyError'
  readonly code = 'reply'
  /** As the daemon sent it: an `ErrnoName`, unless a future daemon knows more of them. */
  readonly errno: string
  /** The wire's name of the operation: `READ`. */
  readonly operation: string
  readonly path: string | undefined

  constructor(errno: string, operation: string, path?: string, detail?: string) {
    super(`${path === undefined ? operation : `${operation} ${path}`}: ${detail ? `${errno}: ${detail}` : errno}`)
    this.errno = errno
    this.operation = operation
    this.path = path
  }
}

/** The deadline passed. A request that was sent may still be carried out. */
export class XenstoreTimeoutError extends XenstoreError {
  override readonly name = 'XenstoreTimeoutError'
  readonly code = 'timeout'
  readonly timeoutMs: number

  constructor(what: string, timeoutMs: number, options?: ErrorOptions) {
    super(`${what}: not finished within ${timeoutMs} ms`, options)
    this.timeoutMs = timeoutMs
  }
}

/** The caller's signal was aborted; its reason is the `cause`. A request that was sent may still be carried out. */
export class XenstoreAbortedError extends XenstoreError {
  override readonly name = 'XenstoreAbortedError'
  readonly code = 'aborted'

  constructor(what: string, options?: ErrorOptions) {
    super(`${what}: aborted by the caller`, options)
  }
}

/** There is no connection, or none any more: connect anew. Watches and open transactions ended with it. */
export abstract class XenstoreConnectionError extends XenstoreError {}

/** No connection could be made. The message names the address and the remedy, the `cause` is the system's error. */
export class XenstoreUnavailableError extends XenstoreConnectionError {
  override readonly name = 'XenstoreUnavailableError'
  readonly code = 'unavailable'
  /** The address that was tried. */
  readonly address: string

  constructor(address: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`no Xenstore at ${address}: ${problem}; ${remedy}`, options)
    this.address = address
  }
}

/** The connection ended without this side wanting it, or the daemon was silent too long, or let too many requests lie. */
export class XenstoreLostError extends XenstoreConnectionError {
  override readonly name = 'XenstoreLostError'
  readonly code = 'lost'
}

/** `close()` was called. */
export class XenstoreClosedError extends XenstoreConnectionError {
  override readonly name = 'XenstoreClosedError'
  readonly code = 'closed'
}

/** The peer sent what no Xenstore daemon sends; the client hung up, since nothing after it can be trusted. */
export class XenstoreProtocolError extends XenstoreConnectionError {
  override readonly name = 'XenstoreProtocolError'
  readonly code = 'protocol'
}

/** Whether the daemon refused with one of `names`: `isErrno(error, 'ENOENT', 'EACCES')`. */
export function isErrno(error: unknown, ...names: readonly ErrnoName[]): error is XenstoreReplyError {
  return error instanceof XenstoreReplyError && (names as readonly string[]).includes(error.errno)
}
