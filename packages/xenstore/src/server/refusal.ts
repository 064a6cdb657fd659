import type { ErrnoName } from '../errno.ts'

/** Thrown by the core to answer a request with an error; it never leaves the core. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly errno: ErrnoName

  constructor(errno: ErrnoName) {
    super(errno)
    this.errno = errno
  }
}
