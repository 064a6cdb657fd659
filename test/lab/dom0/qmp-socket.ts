import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** A client of QMP over vchan that is not xl: connected where libxl is, dom0's vchan-socket-proxy takes one after the other. */
export class QmpSocket {
  readonly #socket: Socket
  readonly #lines: AsyncIterator<string>

  /** Resolves when it is connected; dom0's proxy takes it when the one before has left. */
  static async connect(domid: number): Promise<QmpSocket> {
    const socket = connect(`/var/run/xen/qmp-libxl-${domid}`)
    await once(socket, 'connect')
    return new QmpSocket(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    const lines = createInterface(socket)
    socket.on('error', () => {}).once('close', () => lines.close())
    this.#lines = lines[Symbol.asyncIterator]()
  }

  /** @throws when nothing comes within `timeoutMs` */
  async line(timeoutMs = 10_000): Promise<string> {
    const late = new Error(`no line of QMP within ${timeoutMs} ms`)
    const timer = setTimeout(() => this.#socket.destroy(late), timeoutMs)
    try {
      const { value, done } = await this.#lines.next()
      if (done) throw this.#socket.errored ?? new Error('the connection was closed')
      return value
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#socket.destroy()
  }
}
