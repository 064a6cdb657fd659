import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { encodeMessage, MessageParser } from '../../wire/codec.ts'
import type { Message } from '../../wire/messages.ts'

const DEADLINE_MS = 10_000

/** A client without manners: it sends any payload, and reads only when it is told to. */
export class RawClient {
  readonly #socket: Socket
  readonly #parser = new MessageParser()
  readonly #closed: Promise<unknown>

  static async connect(path: string): Promise<RawClient> {
    const socket = connect(path)
    await once(socket, 'connect', { signal: AbortSignal.timeout(DEADLINE_MS) })
    return new RawClient(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#closed = new Promise(resolve => socket.once('close', resolve))
    socket.on('error', () => {})
    socket.pause()
  }

  send(type: number, payload: Buffer, requestId = 1): void {
    this.#socket.write(encodeMessage({ type, requestId, transactionId: 0, payload }))
  }

  /** The next message. */
  async receive(): Promise<Message> {
    for (;;) {
      const next = this.#parser.next()
      if (next.kind === 'message') return next.message
      const [chunk] = await once(this.#socket.resume(), 'data', { signal: AbortSignal.timeout(DEADLINE_MS) })
      this.#socket.pause()
      this.#parser.feed(chunk)
    }
  }

  /** Resolves when the server has hung up. What it had sent before is read and forgotten. */
  async ended(): Promise<void> {
    this.#socket.resume()
    await Promise.race([
      this.#closed,
      new Promise((_, reject) => {
        AbortSignal.timeout(DEADLINE_MS).addEventListener('abort', () =>
          reject(new Error('The server did not hang up')),
        )
      }),
    ])
  }

  async close(): Promise<void> {
    this.#socket.destroy()
    await this.#closed
  }
}
