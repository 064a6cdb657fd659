import { connect, type Socket } from 'node:net'
import { type QmpConnectionError, QmpLostError, QmpProtocolError, QmpUnavailableError } from './errors.ts'
import { LineSplitter } from './line-splitter.ts'
import { parseMessage, type QmpMessage } from './messages.ts'

/** Who gets what a connection brings. `message` may throw QmpProtocolError, which ends the connection; `end` is called once. */
export interface Receiver {
  message(message: QmpMessage): void
  end(reason: QmpConnectionError): void
}

/** A unix socket that carries QMP's messages. It starts to connect when constructed and fails only through `Receiver.end`. */
export class Connection {
  readonly path: string
  /** Resolves when the socket is closed, whatever the reason. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #lines: LineSplitter
  #receiver: Receiver
  #ended: QmpConnectionError | undefined

  constructor(path: string, maxMessageBytes: number, receiver: Receiver) {
    this.path = path
    this.#receiver = receiver
    this.#lines = new LineSplitter(maxMessageBytes)
    this.#socket = connect(path)
    let connected = false
    this.#socket.once('connect', () => {
      connected = true
    })
    this.#socket.on('data', chunk => this.#read(chunk))
    this.#socket.on('error', (cause: NodeJS.ErrnoException) =>
      this.end(connected ? lost(path, cause) : new QmpUnavailableError(cause.code ?? 'unknown', path, { cause })),
    )
    this.#socket.once('end', () => this.end(lost(path)))
    this.closed = new Promise(resolve => this.#socket.once('close', () => resolve()))
  }

  get connecting(): boolean {
    return this.#socket.connecting
  }

  /** Why it ended; undefined: it has not. */
  get ended(): QmpConnectionError | undefined {
    return this.#ended
  }

  handTo(receiver: Receiver): void {
    this.#receiver = receiver
    if (this.#ended) receiver.end(this.#ended)
  }

  send(text: string): void {
    this.#socket.write(text)
  }

  end(reason: QmpConnectionError): void {
    if (this.#ended) return
    this.#ended = reason
    this.#socket.destroy()
    this.#receiver.end(reason)
  }

  #read(chunk: Uint8Array): void {
    try {
      for (const line of this.#lines.push(chunk)) {
        this.#receiver.message(parseMessage(line))
        if (this.#ended) return
      }
    } catch (error) {
      if (!(error instanceof QmpProtocolError)) throw error
      this.end(error)
    }
  }
}

function lost(path: string, cause?: Error): QmpLostError {
  const why = cause ? cause.message : 'it closed the connection or died'
  return new QmpLostError(`QEMU is gone from ${path}: ${why}`, cause ? { cause } : {})
}
