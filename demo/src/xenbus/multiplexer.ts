import { createServer, type Server, type Socket } from 'node:net'
import type { Message } from '@stubdom/xenstore'
import { BusClient } from './client.ts'
import { Upstream } from './upstream.ts'
import { parseWatch } from './watches.ts'

/** What one client's token begins with, here only: `<number>:`. */
const PREFIX = /^(\d+):/

/** Clients served at a time; more are turned away. */
const CLIENTS_MAX = 64

export interface MultiplexerOptions {
  /** The socket for clients. */
  readonly path: string
  /** The domain's own way to the daemon, where one client is served at a time. */
  readonly upstream: string
}

/**
 * What Linux' xenbus driver does in a domain: the domain has one ring, and any number of programs share it through /dev/xen/xenbus. Each keeps its
 * own request ids, watch tokens and transactions; what one of them had ends when it goes. When the daemon goes everybody is disconnected, and the next client
 * that comes finds a new connection. Source: Linux, drivers/xen/xenbus/xenbus_dev_frontend.c, xenbus_xs.c.
 */
export class Multiplexer {
  readonly path: string
  readonly #upstreamPath: string
  readonly #server: Server
  readonly #clients = new Map<number, BusClient>()
  #upstream: Upstream | undefined
  #lastNumber = 0

  static async listen(options: MultiplexerOptions): Promise<Multiplexer> {
    const multiplexer = new Multiplexer(options)
    await new Promise<void>((resolve, reject) => {
      multiplexer.#server.once('error', reject).listen(options.path, resolve)
    })
    return multiplexer
  }

  private constructor({ path, upstream }: MultiplexerOptions) {
    this.path = path
    this.#upstreamPath = upstream
    this.#server = createServer(socket => this.#accept(socket))
  }

  /** Disconnects everybody. */
  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    const upstream = this.#upstream
    for (const client of this.#clients.values()) client.close()
    upstream?.close()
    await Promise.all([closed, upstream?.closed])
  }

  #accept(socket: Socket): void {
    if (this.#clients.size >= CLIENTS_MAX) return void socket.destroy()
    const number = ++this.#lastNumber
    this.#upstream ??= this.#connect()
    this.#clients.set(number, new BusClient(socket, this.#upstream, `${number}:`))
    socket.once('close', () => this.#clients.delete(number))
  }

  #connect(): Upstream {
    return new Upstream(this.#upstreamPath, {
      event: event => this.#passOn(event),
      ended: () => {
        this.#upstream = undefined
        for (const client of this.#clients.values()) client.close()
      },
    })
  }

  #passOn({ payload }: Message): void {
    const watch = parseWatch(payload)
    const [prefix, number] = PREFIX.exec(watch?.token ?? '') ?? []
    // Whose it was may be gone: the event crossed the UNWATCH on its way.
    if (watch && prefix) this.#clients.get(Number(number))?.event(watch.path, watch.token.slice(prefix.length))
  }
}
