import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { withDeadline } from './deadline.ts'

const DEADLINE_MS = 20_000
const HEADER_BYTES = 16
const CONTROL = 0
const GET_DOMAIN_PATH = 10
const WATCH_EVENT = 15
const ERROR = 16

/** One message from a daemon, as it came. */
export interface WireMessage {
  readonly type: number
  readonly requestId: number
  readonly payload: Buffer
}

interface Waiter {
  readonly isOver: () => boolean
  readonly resolve: () => void
}

/**
 * A connection that sends any bytes and keeps everything that comes, in its order. It shares no code with the client
 * and the server under test. Source: Xen, xen/include/public/io/xs_wire.h.
 */
export class Wire {
  readonly #socket: Socket
  #unparsed: Buffer = Buffer.alloc(0)
  #messages: WireMessage[] = []
  #lastId = 0
  #ended: Error | undefined
  readonly #waiting = new Set<Waiter>()

  static async connect(path: string): Promise<Wire> {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    for (;;) {
      const socket = connect(path)
      try {
        await once(socket, 'connect', { signal })
        return new Wire(socket)
      } catch (error) {
        // The daemons listen with a backlog of 1: come again when somebody has been let in.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        await setImmediate()
      }
    }
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', bytes => this.#receive(bytes))
    socket.on('error', () => {}) // 'close' follows.
    socket.once('close', () => {
      this.#ended = new Error('The daemon has closed the connection')
      this.#look()
    })
  }

  get isOpen(): boolean {
    return this.#ended === undefined
  }

  /** Returns the request's id. */
  send(type: number, payload: Buffer, transactionId = 0): number {
    const requestId = ++this.#lastId
    const header = Buffer.alloc(HEADER_BYTES)
    for (const [index, value] of [type, requestId, transactionId, payload.length].entries())
      header.writeUInt32LE(value, 4 * index)
    this.sendBytes(Buffer.concat([header, payload]))
    return requestId
  }

  sendBytes(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** Stops reading: what the daemon sends stays in the socket. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Everything that has come since the last call. */
  take(): WireMessage[] {
    const messages = this.#messages
    this.#messages = []
    return messages
  }

  /** Waits for the reply to a request, or for the end of the connection if that comes first. */
  async settled(requestId: number): Promise<void> {
    await this.#until(() => this.#ended !== undefined || this.#messages.some(isReplyTo(requestId)), 'a reply')
  }

  /** Resolves when the daemon has hung up. */
  async ended(): Promise<void> {
    await this.#until(() => this.#ended !== undefined, 'the end of the connection')
  }

  /**
   * Resolves when everything that the daemon had for this client before now has come. The question that this takes
   * leaves no trace in {@link take}.
   */
  async drained(): Promise<void> {
    if (this.#ended) return
    const requestId = this.send(GET_DOMAIN_PATH, Buffer.from('0\0'))
    await this.settled(requestId)
    this.#messages = this.#messages.filter(message => !isReplyTo(requestId)(message))
  }

  /** CONTROL's answer, which may fill more than one line. */
  async control(...words: readonly string[]): Promise<string> {
    const requestId = this.send(CONTROL, Buffer.from(words.map(word => `${word}\0`).join('')))
    await this.settled(requestId)
    const reply = this.take().find(isReplyTo(requestId))
    if (!reply) throw this.#ended ?? new Error('CONTROL had no reply')
    const text = reply.payload.toString('latin1').replace(/\0$/, '')
    if (reply.type === ERROR) throw new Error(`CONTROL ${words.join(' ')}: ${text}`)
    return text
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(bytes: Buffer): void {
    this.#unparsed = Buffer.concat([this.#unparsed, bytes])
    let at = 0
    while (this.#unparsed.length - at >= HEADER_BYTES) {
      const start = at + HEADER_BYTES
      const end = start + this.#unparsed.readUInt32LE(at + 12)
      if (this.#unparsed.length < end) break
      this.#messages.push({
        type: this.#unparsed.readUInt32LE(at),
        requestId: this.#unparsed.readUInt32LE(at + 4),
        payload: this.#unparsed.subarray(start, end),
      })
      at = end
    }
    this.#unparsed = this.#unparsed.subarray(at)
    this.#look()
  }

  #look(): void {
    for (const waiter of this.#waiting) if (waiter.isOver()) waiter.resolve()
  }

  async #until(isOver: () => boolean, what: string): Promise<void> {
    if (isOver()) return
    const over = new Promise<void>(resolve => {
      const waiter: Waiter = {
        isOver,
        resolve: () => {
          this.#waiting.delete(waiter)
          resolve()
        },
      }
      this.#waiting.add(waiter)
    })
    await withDeadline(over, DEADLINE_MS, () => new Error(`The daemon does not come up with ${what}`))
  }
}

export function isEvent({ type }: WireMessage): boolean {
  return type === WATCH_EVENT
}

function isReplyTo(requestId: number): (message: WireMessage) => boolean {
  return message => message.requestId === requestId && !isEvent(message)
}
