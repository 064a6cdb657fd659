import { HEADER_BYTES, type Message, PAYLOAD_MAX } from './messages.ts'

/** The bytes of one message. Does not judge the payload's size: who sends decides what is too large. */
export function encodeMessage(message: Message): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + message.payload.length)
  frame.writeUInt32LE(message.type, 0)
  frame.writeUInt32LE(message.requestId, 4)
  frame.writeUInt32LE(message.transactionId, 8)
  frame.writeUInt32LE(message.payload.length, 12)
  message.payload.copy(frame, HEADER_BYTES)
  return frame
}

/** What a parser has to say when asked: a whole message, a wish for more bytes, or that the stream is beyond repair. */
export type ParseResult =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'need-more' }
  | { readonly kind: 'too-large'; readonly announced: number }

const NEED_MORE: ParseResult = { kind: 'need-more' }

/**
 * A streaming parser: it is fed bytes as they come and asked for messages until it needs more.
 * It holds at most one message and one fed chunk; payloads are copies, so fed buffers may be reused.
 */
export class MessageParser {
  #pending: Buffer = Buffer.alloc(0)
  #offset = 0
  readonly #maxPayload: (type: number) => number

  /** `maxPayload` is the largest payload that a message may announce, in bytes, or what says it for a type. */
  constructor(maxPayload: number | ((type: number) => number) = PAYLOAD_MAX) {
    this.#maxPayload = typeof maxPayload === 'number' ? () => maxPayload : maxPayload
  }

  feed(bytes: Uint8Array): void {
    const rest = this.#pending.subarray(this.#offset)
    this.#pending = Buffer.concat([rest, bytes])
    this.#offset = 0
  }

  next(): ParseResult {
    const available = this.#pending.length - this.#offset
    if (available < HEADER_BYTES) return NEED_MORE
    const at = this.#offset
    const announced = this.#pending.readUInt32LE(at + 12)
    const type = this.#pending.readUInt32LE(at)
    if (announced > this.#maxPayload(type)) return { kind: 'too-large', announced }
    if (available < HEADER_BYTES + announced) return NEED_MORE
    const start = at + HEADER_BYTES
    this.#offset = start + announced
    return {
      kind: 'message',
      message: {
        type,
        requestId: this.#pending.readUInt32LE(at + 4),
        transactionId: this.#pending.readUInt32LE(at + 8),
        payload: Buffer.from(this.#pending.subarray(start, this.#offset)),
      },
    }
  }
}

/** Each string with its terminating NUL, joined: the payload of most requests. */
export function nulTerminated(...strings: readonly string[]): Buffer {
  return Buffer.from(strings.map(text => `${text}\0`).join(''), 'utf8')
}

/** The NUL-terminated (or last, unterminated) strings of a payload. */
export function splitNul(payload: Buffer): string[] {
  const strings = payload.toString('utf8').split('\0')
  if (strings.at(-1) === '') strings.pop()
  return strings
}
