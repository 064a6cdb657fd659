import type { EncodedMessage } from '../codec/parts.ts'
import type { PendingResponse } from '../messages/response.ts'
import type { Verdict } from './verdict.ts'

/** Bytes of a node; undefined when there is no such node. */
export type NodeBytes = Uint8Array | undefined

/** What a {@link Call} wants done. The shell does it in the order given, in one flush, and feeds the outcome back. */
export type CallEffect =
  /** All parts, then the node. Answer with `request-written` or `request-refused`. */
  | { readonly do: 'write-request'; readonly message: EncodedMessage }
  /** Answer with `hello-read`. */
  | { readonly do: 'read-hello' }
  /** Answer with `request-read`. */
  | { readonly do: 'read-request' }
  /** Answer with `response-read`. */
  | { readonly do: 'read-response' }
  /** Read parts 0 to count-1 of the response. Answer with `parts-read`. */
  | { readonly do: 'read-parts'; readonly count: number }
  /** Answer with `refused-read`. */
  | { readonly do: 'read-refused' }
  /** The request once more, now with `cancel`. No answer is awaited. */
  | { readonly do: 'write-cancel'; readonly node: string }
  /** Remove the request, then read the response. Answer with `withdrawn`. */
  | { readonly do: 'withdraw' }
  /** The request and its parts are not needed any more. There may be none. No answer is awaited. */
  | { readonly do: 'remove-request' }
  /** Tell the caller what the agent said on the way. */
  | { readonly do: 'report'; readonly response: PendingResponse }
  /** The last effect of every call. */
  | { readonly do: 'end'; readonly verdict: Verdict }

/**
 * What a {@link Call} is told. Reads that a lost connection swallowed are repeated by the shell: undefined always means that there is no such node.
 */
export type CallInput =
  | { readonly on: 'start' }
  | { readonly on: 'request-written' }
  /** The Xenstore said no: nothing was written that could be executed. */
  | { readonly on: 'request-refused'; readonly reason: string }
  | { readonly on: 'hello-read'; readonly epoch: string | undefined }
  | { readonly on: 'request-read'; readonly bytes: NodeBytes }
  /** A hint: a watch fired, or the connection was made anew. */
  | { readonly on: 'response-changed' }
  | { readonly on: 'response-read'; readonly bytes: NodeBytes }
  | { readonly on: 'parts-read'; readonly parts: readonly NodeBytes[] }
  | { readonly on: 'refused-read'; readonly bytes: NodeBytes }
  | { readonly on: 'withdrawn'; readonly response: NodeBytes }
  /** The caller wants it back. */
  | { readonly on: 'cancel' }
  | { readonly on: 'domain-gone' }
  | { readonly on: 'tick' }
