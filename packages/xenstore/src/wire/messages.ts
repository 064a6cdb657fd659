/**
 * The Xenstore wire protocol's message types and its 16-byte header.
 * Source: Xen, xen/include/public/io/xs_wire.h; all integers are little-endian uint32.
 */

export const Op = {
  CONTROL: 0,
  DIRECTORY: 1,
  READ: 2,
  GET_PERMS: 3,
  WATCH: 4,
  UNWATCH: 5,
  TRANSACTION_START: 6,
  TRANSACTION_END: 7,
  INTRODUCE: 8,
  RELEASE: 9,
  GET_DOMAIN_PATH: 10,
  WRITE: 11,
  MKDIR: 12,
  RM: 13,
  SET_PERMS: 14,
  WATCH_EVENT: 15,
  ERROR: 16,
  IS_DOMAIN_INTRODUCED: 17,
  RESUME: 18,
  SET_TARGET: 19,
  RESET_WATCHES: 21,
  DIRECTORY_PART: 22,
} as const

export type Op = (typeof Op)[keyof typeof Op]

/** Bytes of a message header: type, req_id, tx_id, payload length. */
export const HEADER_BYTES = 16

/** The largest payload that either side may announce (XENSTORE_PAYLOAD_MAX). */
export const PAYLOAD_MAX = 4096

/** One message, either direction. `type` is a plain number: a peer may send one that {@link Op} does not name. */
export interface Message {
  readonly type: number
  readonly requestId: number
  readonly transactionId: number
  readonly payload: Buffer
}

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(Op).map(([name, type]) => [type, name]))

/** The name of a message type, for errors and logs. */
export function opName(type: number): string {
  return NAMES.get(type) ?? `operation ${type}`
}
