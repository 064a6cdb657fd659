export { type Access, type Acl, acl, DOMID_MAX, formatAcl, type Grant } from './acl.ts'
export { xenstoreAddress } from './client/address.ts'
export type { Backoff } from './client/backoff.ts'
export { type ConnectOptions, XenstoreClient } from './client/client.ts'
export type { ListOptions, XenstoreData } from './client/data.ts'
export {
  isErrno,
  XenstoreAbortedError,
  XenstoreClosedError,
  XenstoreConnectionError,
  XenstoreError,
  type XenstoreErrorCode,
  XenstoreLostError,
  XenstoreProtocolError,
  XenstoreReplyError,
  XenstoreTimeoutError,
  XenstoreUnavailableError,
  XenstoreUsageError,
} from './client/errors.ts'
export type { CallOptions } from './client/limits.ts'
export { type KeepConnectedOptions, keepConnected } from './client/reconnecting.ts'
export type { Transport } from './client/transport.ts'
export type { ErrnoName } from './errno.ts'
export { Core, type Counts, type DomainCounts } from './server/core.ts'
export type { DomainObserver } from './server/domains.ts'
export { EmbeddedXenstored, type EmbeddedXenstoredOptions } from './server/embedded.ts'
export {
  EmbeddedListenError,
  type EmbeddedUsageCode,
  EmbeddedUsageError,
  EmbeddedXenstoredError,
} from './server/errors.ts'
export { DEFAULT_QUOTAS, type Quotas } from './server/quotas.ts'
export type { Session } from './server/session.ts'
export { encodeMessage, MessageParser } from './wire/codec.ts'
export { type Message, Op, PAYLOAD_MAX } from './wire/messages.ts'
export { pathProblem } from './wire/path.ts'
