import { rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../logger.ts'
import { pause } from '../pause.ts'
import type { Intercept } from './command.ts'
import { FrontSession } from './session.ts'

/** Clients that wait for the one before to leave; QEMU, too, serves one at a time. */
const WAITING_MAX = 8

/** Milliseconds between tries to reach QEMU. */
const RETRY_MS = 50

export interface QmpFrontOptions {
  /** The unix socket to serve, in front of which stubdom-vchan stands. One that an earlier agent left there is replaced. */
  readonly path: string
  /** A monitor of QEMU’s of its own: `-qmp unix:UPSTREAM,server=on,wait=off`. */
  readonly upstream: string
  /** The first that takes a command carries it out. */
  readonly intercepts: readonly Intercept[]
  readonly log: Logger
  /** How long a client waits for a QEMU that does not listen yet; 10,000 ms. */
  readonly upstreamMs?: number
}

/**
 * QMP for xl, which knows nothing of us: a monitor of QEMU’s as it is, except for the commands that an intercept takes. Each client gets a connection to QEMU of its
 * own: a fresh greeting, and never an answer that another one waited for.
 */
export class QmpFront {
  readonly #options: QmpFrontOptions
  readonly #server: Server
  readonly #clients = new Set<Socket>()
  readonly #over = new AbortController()
  #session: FrontSession | undefined
  #last: Promise<void> = Promise.resolve()

  /** Rejects when the socket cannot be made. */
  static async listen(options: QmpFrontOptions): Promise<QmpFront> {
    await rm(options.path, { force: true })
    const front = new QmpFront(options)
    await new Promise<void>((resolve, reject) => {
      front.#server.once('error', reject).listen(options.path, resolve)
    })
    return front
  }

  private constructor(options: QmpFrontOptions) {
    this.#options = options
    // Half open: what a client said before it left is still passed on.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, client => this.#accept(client))
  }

  /** Ends every connection. Resolves when all are closed. */
  async close(): Promise<void> {
    this.#over.abort()
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const client of this.#clients) client.destroy()
    this.#session?.destroy()
    await closed
    await this.#last
  }

  #accept(client: Socket): void {
    client.on('error', () => {})
    if (this.#clients.size > WAITING_MAX) {
      this.#options.log.warn({ clients: this.#clients.size }, 'too many clients of the QMP front')
      client.destroy()
      return
    }
    this.#clients.add(client)
    client.once('close', () => this.#clients.delete(client))
    this.#last = this.#last.then(() => this.#serve(client))
  }

  async #serve(client: Socket): Promise<void> {
    const { intercepts, log } = this.#options
    const upstream = await this.#connect(client)
    if (!upstream || client.destroyed) {
      upstream?.destroy()
      client.destroy()
      return
    }
    log.debug('a client of the QMP front came')
    this.#session = new FrontSession(client, upstream, intercepts, log)
    const ended = this.#session.run()
    client.resume()
    await ended
  }

  /** A connection to QEMU; undefined when there is none in time, or the client does not wait for it. */
  async #connect(client: Socket): Promise<Socket | undefined> {
    const { upstream, upstreamMs = 10_000, log } = this.#options
    const deadline = performance.now() + upstreamMs
    while (!client.destroyed) {
      const tried = await tryToConnect(upstream)
      if (typeof tried !== 'string') return tried
      if (performance.now() >= deadline) {
        log.warn({ upstream, error: tried }, 'QEMU does not listen for the QMP front')
        return undefined
      }
      await pause(RETRY_MS, this.#over.signal)
    }
    return undefined
  }
}

/** The connection, or why there is none. */
function tryToConnect(path: string): Promise<Socket | string> {
  return new Promise(resolve => {
    const socket = connect(path)
    const failed = (error: Error) => resolve(error.message)
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.off('error', failed)
      resolve(socket)
    })
  })
}
