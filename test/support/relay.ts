import { connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a socket that can be cut or held up, again and again. */
export class Relay {
  readonly path: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isHeld = false

  /** @param target asked for each connection: the socket may be made later than the relay */
  static async listen(path: string, target: () => string): Promise<Relay> {
    const relay = new Relay(path, target)
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject).listen(path, resolve)
    })
    return relay
  }

  private constructor(path: string, target: () => string) {
    this.path = path
    this.#server = createServer(client => {
      const upstream = connect(target())
      this.#join(client, upstream)
      this.#join(upstream, client)
    })
  }

  /** Whoever is connected loses the connection; who comes next gets another. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** As if who is behind it stood still: connections are taken, and nothing goes either way until {@link letGo}. */
  hold(): void {
    this.#isHeld = true
    for (const socket of this.#sockets) socket.unpipe()
  }

  /** What was said meanwhile is lost, as xenstored loses what a client has sent that has gone by then. */
  letGo(): void {
    this.#isHeld = false
    this.cut()
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    this.cut()
    await closed
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    if (!this.#isHeld) from.pipe(to)
    from.on('error', () => {}) // 'close' follows.
    from.once('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}
