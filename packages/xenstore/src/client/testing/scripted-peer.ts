import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeMessage, MessageParser, nulTerminated } from '../../wire/codec.ts'
import { type Message, Op } from '../../wire/messages.ts'

/** What a script may do to the client whose request it got. */
export interface PeerConnection {
  /** A reply to `request`, of its own type unless another is given. */
  reply(request: Message, text?: string, type?: number): void
  error(request: Message, errno: string): void
  /** Any message at all. */
  send(message: Partial<Message>): void
  raw(bytes: Uint8Array): void
  hangUp(): void
}

export type Script = (request: Message, connection: PeerConnection) => void

/** The wire protocol with a mind of its own: a unix socket whose every answer the test scripts, for what no daemon would do. */
export class ScriptedPeer {
  readonly path: string
  /** All requests so far. */
  readonly requests: Message[] = []
  readonly #directory: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #waiting: { readonly matches: (request: Message) => boolean; resolve(request: Message): void }[] = []

  static async start(script: Script): Promise<ScriptedPeer> {
    const directory = await mkdtemp(join(tmpdir(), 'xsp-'))
    const peer = new ScriptedPeer(directory, script)
    await new Promise<void>(resolve => peer.#server.listen(peer.path, resolve))
    return peer
  }

  private constructor(directory: string, script: Script) {
    this.#directory = directory
    this.path = join(directory, 'socket')
    this.#server = createServer(socket => this.#serve(socket, script))
  }

  /** The first request of type `op`, past or to come, that has `text` as its payload (NULs as `|`), when given. */
  request(op: number, text?: string): Promise<Message> {
    const matches = (request: Message): boolean =>
      request.type === op && (text === undefined || payloadText(request) === text)
    const past = this.requests.find(matches)
    if (past) return Promise.resolve(past)
    return new Promise(resolve => this.#waiting.push({ matches, resolve }))
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
    await rm(this.#directory, { recursive: true })
  }

  #serve(socket: Socket, script: Script): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket))
    const parser = new MessageParser()
    const connection = connectionTo(socket)
    socket.on('data', bytes => {
      parser.feed(bytes)
      for (let parsed = parser.next(); parsed.kind === 'message'; parsed = parser.next()) {
        const { message } = parsed
        this.requests.push(message)
        script(message, connection)
        for (const { matches, resolve } of this.#waiting) if (matches(message)) resolve(message)
      }
    })
  }
}

/** A request's payload, legibly: NULs as `|`. */
export function payloadText(request: Message): string {
  return request.payload.toString('utf8').replaceAll('\0', '|')
}

function connectionTo(socket: Socket): PeerConnection {
  const send = (message: Partial<Message>): void => {
    socket.write(encodeMessage({ type: 0, requestId: 0, transactionId: 0, payload: Buffer.alloc(0), ...message }))
  }
  return {
    send,
    reply({ type: own, requestId, transactionId }, text = 'OK\0', type = own) {
      send({ type, requestId, transactionId, payload: Buffer.from(text) })
    },
    error({ requestId, transactionId }, errno) {
      send({ type: Op.ERROR, requestId, transactionId, payload: nulTerminated(errno) })
    },
    raw: bytes => socket.write(bytes),
    hangUp: () => socket.destroy(),
  }
}
