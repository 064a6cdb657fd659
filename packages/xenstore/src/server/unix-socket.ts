import { chmodSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { EmbeddedListenError } from './errors.ts'

/** sun_path in unix(7), without its NUL. */
const SOCKET_PATH_BYTES_MAX = 107

/** A listening unix socket for this user only. Accepted sockets are paused: whoever takes one over resumes it. */
export class UnixSocket {
  readonly path: string
  readonly #server: Server
  readonly #settled: Promise<void>

  constructor(path: string, accept: (socket: Socket) => void) {
    this.path = path
    this.#server = createServer({ pauseOnConnect: true }, accept)
    this.#settled = new Promise((resolve, reject) => {
      this.#server.once('listening', resolve)
      this.#server.on('error', cause => reject(cannotListen(`on ${path}: ${cause.message}`, { cause })))
    })
    this.#settled.catch(() => {})
    this.#server.listen(path)
    if (this.#server.listening) chmodSync(path, 0o600)
  }

  /** True at once when it went well: a unix socket is bound synchronously. */
  get listening(): boolean {
    return this.#server.listening
  }

  /** @throws EmbeddedListenError */
  ready(): Promise<void> {
    return this.#settled
  }

  /** Takes the socket's file away, too. Clients that are connected stay. */
  close(): Promise<void> {
    return new Promise(resolve => {
      this.#server.close(() => resolve())
    })
  }
}

/** @throws EmbeddedListenError when no socket can have that path */
export function checkSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path)
  if (bytes > SOCKET_PATH_BYTES_MAX)
    throw cannotListen(`on ${path}: ${bytes} bytes are too long for a socket, choose a directory with a shorter path`)
}

/** Whether somebody listens there; a file that a crashed server left behind does not count. */
export function isListening(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

export function cannotListen(what: string, options?: ErrorOptions): EmbeddedListenError {
  return new EmbeddedListenError('cannot-listen', `The embedded Xenstore cannot listen ${what}`, options)
}
