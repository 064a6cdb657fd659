/**
 * What can go wrong with an embedded Xenstore itself; clients are told about their own mistakes over the wire.
 *
 *     Error
 *     └── EmbeddedXenstoredError   code
 *         ├── EmbeddedUsageError   the caller's fault: invalid-domid, domain-exists, no-such-domain, stopped
 *         └── EmbeddedListenError  the environment's: cannot-listen
 */
export class EmbeddedXenstoredError<Code extends string = string> extends Error {
  override readonly name: string = 'EmbeddedXenstoredError'
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export type EmbeddedUsageCode = 'invalid-domid' | 'domain-exists' | 'no-such-domain' | 'stopped'

/** A method was called that cannot work in this situation. */
export class EmbeddedUsageError extends EmbeddedXenstoredError<EmbeddedUsageCode> {
  override readonly name = 'EmbeddedUsageError'
}

/** The directory or a socket in it could not be made; `cause` is the system's error. */
export class EmbeddedListenError extends EmbeddedXenstoredError<'cannot-listen'> {
  override readonly name = 'EmbeddedListenError'
}
