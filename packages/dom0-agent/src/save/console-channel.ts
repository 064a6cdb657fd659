import type { FileHandle } from 'node:fs/promises'
import { type CommandResult, MarkFinder, STATE_BYTES_MAX } from '@stubdom/protocol'
import { openConsole, untilMoved } from '../state/console-io.ts'
import { type Arrival, type SaveChannel, SaveChannelError } from './channel.ts'

const PIECE_BYTES = 64 * 1024

/** Milliseconds. The console has taken all when the answer comes: what is under way yet is with the backend. */
const LATE_MS = 5_000

/**
 * dom0’s end of the stubdomain’s console 1: the file that its backend writes to, or a FIFO or a terminal, which is read from the beginning of the command
 * on, since nobody could write to it else. The mark in the stream tells where the command’s own state begins.
 */
export class ConsoleChannel implements SaveChannel {
  readonly name = 'console'
  readonly #path: string
  readonly #stallMs: number

  constructor(path: string, stallMs: number = LATE_MS) {
    this.#path = path
    this.#stallMs = stallMs
  }

  async listen(id: string, pickUp: boolean): Promise<Arrival> {
    let file: FileHandle
    try {
      file = await openConsole(this.#path, 'read')
    } catch (cause) {
      throw new SaveChannelError(`the console’s end in dom0 cannot be read: ${(cause as Error).message}`, { cause })
    }
    const found = await file.stat()
    const isFile = found.isFile()
    if (isFile || found.isFIFO() || found.isCharacterDevice()) {
      // A backend that was started long ago goes on where it is: what stands there is of other commands, unless this one was given before.
      const start = isFile ? (pickUp ? Math.max(0, found.size - STATE_BYTES_MAX) : found.size) : undefined
      return new ConsoleArrival(id, this.#path, file, start, this.#stallMs)
    }
    await file.close()
    throw new SaveChannelError(`${this.#path} is no file, FIFO or terminal`)
  }
}

class ConsoleArrival implements Arrival {
  readonly #path: string
  readonly #file: FileHandle
  readonly #stallMs: number
  readonly #finder: MarkFinder
  readonly #over = new AbortController()
  readonly #reading: Promise<void>
  readonly #pieces: Uint8Array[] = []
  #position: number | undefined
  #bytes = 0
  #broken: Error | undefined

  constructor(id: string, path: string, file: FileHandle, position: number | undefined, stallMs: number) {
    this.#path = path
    this.#file = file
    this.#position = position
    this.#stallMs = stallMs
    this.#finder = new MarkFinder(id)
    this.#reading = this.#read().catch((error: Error) => {
      this.#broken = error
    })
  }

  async #read(): Promise<void> {
    while (this.#bytes + this.#finder.skipped <= STATE_BYTES_MAX) {
      const buffer = Buffer.allocUnsafe(PIECE_BYTES)
      const bytesRead = await untilMoved(() => this.#attempt(buffer), this.#over.signal, Number.POSITIVE_INFINITY)
      const piece = this.#finder.push(buffer.subarray(0, bytesRead))
      if (piece.length > 0) this.#pieces.push(piece)
      this.#bytes += piece.length
    }
    throw new Error(`more than ${STATE_BYTES_MAX} bytes came`)
  }

  async #attempt(buffer: Buffer): Promise<number> {
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#position ?? null)
    if (this.#position !== undefined) this.#position += bytesRead
    return bytesRead
  }

  async take({ bytes }: CommandResult<'save-state'>): Promise<AsyncIterable<Uint8Array>> {
    const came = (): string => {
      const others =
        this.#finder.skipped > 0 ? ` (and ${this.#finder.skipped} that are not its own; is the console raw?)` : ''
      return `${this.#path} brought ${this.#bytes} bytes of the state${others}, the agent announced ${bytes}`
    }
    // The answer can be here before the last bytes are.
    let before = -1
    while (this.#bytes < bytes && !this.#broken) {
      if (before === this.#bytes) throw new SaveChannelError(`${came()}; no more came for ${this.#stallMs / 1_000} s`)
      before = this.#bytes
      await untilMoved(async () => (this.#broken ? 1 : this.#bytes - before), this.#over.signal, this.#stallMs).catch(
        () => 0,
      )
    }
    if (this.#bytes < bytes) throw new SaveChannelError(`${came()}: ${this.#broken?.message}`)
    if (this.#bytes > bytes) throw new SaveChannelError(came())
    return chunks(this.#pieces)
  }

  async end(): Promise<void> {
    this.#over.abort()
    await this.#reading
    await this.#file.close()
  }
}

async function* chunks(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}
