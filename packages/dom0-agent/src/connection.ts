import type { XenstoreClient } from '@stubdom/xenstore'
import type { Observable } from 'rxjs'

/** The connection to the Xenstore, as those see it who outlive one. */
export interface Connection {
  /** The present one. Between two of them it is the lost one, and what is asked of it fails at once. */
  readonly client: XenstoreClient
  /** A watch that is registered anew with each connection, every time with a first event for `path` itself; a lost connection is no error. */
  watch(path: string): Observable<string>
}
