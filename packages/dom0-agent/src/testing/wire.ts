import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a socket that can be cut, and be deaf to what the client says or mute to it before. */
export class Wire {
  readonly path: string
  state: 'whole' | 'deaf' | 'mute' = 'whole'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #heard: () => void = () => {}

  static async lay(path: string, to: string): Promise<Wire> {
    const wire = new Wire(path, to)
    await once(wire.#server, 'listening')
    return wire
  }

  private constructor(path: string, to: string) {
    this.path = path
    this.#server = createServer(client => {
      const daemon = connect(to)
      for (const socket of [client, daemon]) {
        this.#sockets.add(socket)
        socket.on('error', () => {})
        socket.once('close', () => {
          this.#sockets.delete(socket)
          client.destroy()
          daemon.destroy()
        })
      }
      client.on('data', bytes => {
        if (this.state !== 'deaf') daemon.write(bytes)
        this.#heard()
      })
      daemon.on('data', bytes => this.state !== 'mute' && client.write(bytes))
    }).listen(path)
  }

  /** Resolves when the client says something. */
  heard(): Promise<void> {
    return new Promise(resolve => {
      this.#heard = resolve
    })
  }

  /** Ends all connections; the next ones are whole. */
  cut(): void {
    this.state = 'whole'
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }
}
