import { connect, createServer, type Server, type Socket } from 'node:net'

/** One request on its way to the daemon. */
export interface Operation {
  readonly type: number
  readonly transactionId: number
  /** The first string of its payload: for nearly all of them a path. */
  readonly path: string
}

const HEADER_BYTES = 16

/** Stands between clients and a daemon's socket, and notes every request in `operations`, in the order of their passing. */
export class CountingProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  static async listen(path: string, target: string, operations: Operation[]): Promise<CountingProxy> {
    const proxy = new CountingProxy(target, operations)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(path, resolve)
    })
    return proxy
  }

  private constructor(target: string, operations: Operation[]) {
    this.#server = createServer(client => {
      const daemon = connect(target)
      const note = reader(operation => operations.push(operation))
      client.on('data', note)
      for (const [from, to] of [
        [client, daemon],
        [daemon, client],
      ] as const) {
        this.#sockets.add(from)
        from.pipe(to)
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
      }
    })
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** Cuts a stream of bytes into requests. Source: Xen, xs_wire.h (struct xsd_sockmsg). */
function reader(note: (operation: Operation) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return bytes => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUInt32LE(12)
      if (rest.length < end) return
      const [path = ''] = rest.toString('latin1', HEADER_BYTES, end).split('\0')
      note({ type: rest.readUInt32LE(0), transactionId: rest.readUInt32LE(8), path })
      rest = rest.subarray(end)
    }
  }
}
