import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net'
import type { CharacterDevice } from './character-device.ts'

/** All of libuv's pipe handle that is used here. It reads any file that can be polled: epoll and read(2), no thread. */
interface PipeHandle {
  /** Takes over the file; returns 0, or a negative errno. */
  open(fd: number): number
}

interface PipeWrap {
  readonly Pipe: new (type: number) => PipeHandle
  readonly constants: { readonly SOCKET: number }
}

/** Node's public API has no way to wrap a device: this is the one place that goes behind it. */
function pipeWrap(): PipeWrap | undefined {
  const { binding } = process as unknown as { binding?: (name: string) => Partial<PipeWrap> }
  try {
    const wrap = binding?.('pipe_wrap')
    return typeof wrap?.Pipe === 'function' && wrap.constants ? (wrap as PipeWrap) : undefined
  } catch {
    return undefined
  }
}

const READ_BUFFER_BYTES = 64 * 1024

/** Undefined when this Node has no such handle. Throws the system's error when the device cannot be opened. */
export function openWithPipeHandle(path: string): CharacterDevice | undefined {
  const wrap = pipeWrap()
  if (!wrap) return undefined
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY)
  const handle = new wrap.Pipe(wrap.constants.SOCKET)
  if (handle.open(fd) === 0) return new PolledDevice(fd, handle)
  closeSync(fd)
  return undefined
}

class PolledDevice implements CharacterDevice {
  readonly #fd: number
  readonly #socket: Socket
  #onData: (bytes: Uint8Array) => void = () => {}
  #failure: Error | undefined

  constructor(fd: number, handle: PipeHandle) {
    this.#fd = fd
    const callback = (length: number, buffer: Uint8Array): boolean => {
      this.#onData(buffer.subarray(0, length))
      return true
    }
    const onread = { buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES), callback }
    // Not writable: the stream would shut the file down when it ends, as if it were a socket.
    const options: SocketConstructorOpts & ConnectOpts & { handle: PipeHandle } = { handle, onread, writable: false }
    this.#socket = new Socket(options)
    this.#socket.on('error', error => {
      this.#failure = error
    })
  }

  write(bytes: Uint8Array): number {
    // The number may be another file's by now.
    return this.#socket.destroyed ? bytes.length : writeSync(this.#fd, bytes)
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#onData = listener
  }

  onClose(listener: (error?: Error) => void): void {
    this.#socket.once('close', () => listener(this.#failure))
  }

  close(): void {
    this.#socket.destroy()
  }
}
