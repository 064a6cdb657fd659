import type { ErrnoName } from '../errno.ts'

/** What carries messages to and from a daemon. It knows no message's meaning; it only moves bytes. */
export interface Transport {
  /** The largest payload that one message to the daemon may have, in bytes. */
  readonly maxPayload: number

  /**
   * Takes exactly one whole message, and returns at once. A transport may hold messages back until the end of the tick
   * and hand them over together, in order; one whose device takes a single message per write finds them already apart.
   */
  write(frame: Buffer): void

  /**
   * Sets who gets the bytes that come, in pieces of any size; they are valid during the call only. Set once, before the
   * first I/O event after the transport was made. There is no way to pause: a client that does not read stalls others.
   */
  onData(listener: (bytes: Uint8Array) => void): void

  /**
   * Sets who is told that the system would not take a message, with the errno's name: the refusal stands for a reply to
   * it, and the transport goes on. Left out where that cannot be.
   */
  onRefusal?(listener: (frame: Buffer, errno: ErrnoName) => void): void

  /** Is told of each reply that came; left out where a message may follow another one at once. */
  replied?(): void

  /** Sets who is told, exactly once and after `close()` too, that it is over; with the error when there was one. */
  onClose(listener: (error?: Error) => void): void

  /** Ends it now. What was not handed over yet may be lost. Harmless when it has ended already. */
  close(): void
}
