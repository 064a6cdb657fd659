import { encodeMessage } from '../wire/codec.ts'
import { type Message, Op, PAYLOAD_MAX } from '../wire/messages.ts'
import { encodeStrings } from './text.ts'

/** A client that lets more than this pile up unread is dropped; about 20,000 events. */
export const OUTBOX_BYTES_MAX = 1 << 20

/**
 * What is on its way to one client: replies and events in one order. An event equal to one that still waits is dropped,
 * as by xenstored's send_event; events of special paths are not, as each stands for a domain.
 */
export class Outbox {
  readonly #limit: number
  readonly #waitingEvents = new Set<string>()
  #frames: Buffer[] = []
  #bytes = 0
  #replies = 0
  #overflowed = false

  constructor(limit: number = OUTBOX_BYTES_MAX) {
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0
  }

  /** Replies that wait. */
  get replies(): number {
    return this.#replies
  }

  /** The limit was passed: everything has been thrown away, and nothing is taken in until {@link clear}. */
  get overflowed(): boolean {
    return this.#overflowed
  }

  reply(message: Message): void {
    this.#replies++
    this.#push(message)
  }

  event(path: string, token: string): void {
    const payload = encodeStrings(path, token)
    const key = payload.toString('latin1')
    if (payload.length > PAYLOAD_MAX || this.#waitingEvents.has(key)) return
    if (!path.startsWith('@')) this.#waitingEvents.add(key)
    this.#push({ type: Op.WATCH_EVENT, requestId: 0, transactionId: 0, payload })
  }

  /** Everything that waits, oldest first, as one piece. */
  take(): Buffer {
    const all = Buffer.concat(this.#frames)
    this.clear()
    return all
  }

  clear(): void {
    this.#frames = []
    this.#waitingEvents.clear()
    this.#bytes = 0
    this.#replies = 0
    this.#overflowed = false
  }

  #push(message: Message): void {
    if (this.#overflowed) return
    const frame = encodeMessage(message)
    this.#bytes += frame.length
    if (this.#bytes > this.#limit) {
      this.clear()
      this.#overflowed = true
      return
    }
    this.#frames.push(frame)
  }
}
