/**
 * The errors of this package:
 *
 *     ProtocolError
 *     ├─ DecodeError        the peer wrote something that does not fit (its fault)
 *     ├─ EncodeError        we were asked to send something that does not fit (our caller's fault)
 *     └─ VersionError       both are right, but share no protocol version
 */
export abstract class ProtocolError extends Error {}

/** What the peer wrote cannot be used. Decoders return it and never throw anything. */
export class DecodeError extends ProtocolError {
  override readonly name = 'DecodeError'
  /** The node that was read: `response ping/0mhx…`. */
  readonly what: string
  /** Why, printable. */
  readonly reason: string

  constructor(what: string, reason: string) {
    super(`${what}: ${reason}`)
    this.what = what
    this.reason = reason
  }
}

/** A message that must not be sent: its arguments do not fit the schema, or it is too large even in parts. */
export class EncodeError extends ProtocolError {
  override readonly name = 'EncodeError'
  readonly code: 'bad-request' | 'too-large'

  constructor(code: 'bad-request' | 'too-large', message: string) {
    super(message)
    this.code = code
  }
}

/** The two sides share no version of the protocol. */
export class VersionError extends ProtocolError {
  override readonly name = 'VersionError'
}
