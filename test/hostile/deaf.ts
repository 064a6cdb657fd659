import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Source: Xen, xs_wire.h (enum xsd_sockmsg_type, struct xsd_sockmsg). */
const WATCH = 4
const WRITE = 11
const HEADER_BYTES = 16

/** A domain that asks to be told of everything and reads nothing, the replies to its own requests included. */
export class Deaf {
  readonly #socket: Socket

  static async connect(path: string): Promise<Deaf> {
    const socket = connect(path)
    socket.pause()
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    socket.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    return new Deaf(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  watch(path: string): void {
    this.#send(WATCH, `${path}\0deaf\0`)
  }

  write(path: string, value: string): void {
    this.#send(WRITE, `${path}\0${value}`)
  }

  #send(type: number, payload: string): void {
    const header = Buffer.alloc(HEADER_BYTES)
    header.writeUInt32LE(type, 0)
    header.writeUInt32LE(1, 4)
    header.writeUInt32LE(Buffer.byteLength(payload), 12)
    this.#socket.write(Buffer.concat([header, Buffer.from(payload)]))
  }
}
