import { connect, type Socket } from 'node:net'
import { encodeMessage, type Message, MessageParser, Op } from '@stubdom/xenstore'

/** A message to the daemon before it has an id there. */
export type Outgoing = Omit<Message, 'requestId'>

export interface UpstreamListener {
  event(event: Message): void
  /** Exactly once: nothing that was asked is answered any more. */
  ended(): void
}

const ID_MAX = 0xffff_ffff

/** The one connection to the daemon: gives every request an id of its own, and its reply to whoever asked. */
export class Upstream {
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #listener: UpstreamListener
  readonly #parser = new MessageParser()
  readonly #pending = new Map<number, (reply: Message) => void>()
  #lastId = 0

  constructor(path: string, listener: UpstreamListener) {
    this.#listener = listener
    this.#socket = connect(path)
    this.#socket.on('data', bytes => this.#receive(bytes))
    this.#socket.on('error', () => {}) // 'close' follows.
    this.closed = new Promise(resolve => {
      this.#socket.once('close', () => {
        this.#pending.clear()
        listener.ended()
        resolve()
      })
    })
  }

  /** `reply` is not called when the connection ends before. */
  request({ type, transactionId, payload }: Outgoing, reply: (reply: Message) => void = () => {}): void {
    if (this.#socket.destroyed) return
    this.#lastId = (this.#lastId % ID_MAX) + 1
    this.#pending.set(this.#lastId, reply)
    this.#socket.write(encodeMessage({ type, requestId: this.#lastId, transactionId, payload }))
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(bytes: Buffer): void {
    this.#parser.feed(bytes)
    while (!this.#socket.destroyed) {
      const next = this.#parser.next()
      if (next.kind === 'need-more') return
      if (next.kind === 'message') this.#dispatch(next.message)
      else this.close()
    }
  }

  #dispatch(message: Message): void {
    if (message.type === Op.WATCH_EVENT) return this.#listener.event(message)
    const reply = this.#pending.get(message.requestId)
    // Nobody asked for this: what else comes cannot be trusted to reach whom it is for.
    if (!reply) return this.close()
    this.#pending.delete(message.requestId)
    reply(message)
  }
}
