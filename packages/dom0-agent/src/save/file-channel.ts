import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { STATE_BYTES_MAX } from '@stubdom/protocol'
import { type Arrival, type SaveChannel, SaveChannelError } from './channel.ts'

const PIECE_BYTES = 256 * 1024

/**
 * A directory that both sides see; the agent puts the state into `<id>.state` there. Whoever can write to it may have put anything in that place,
 * so that only a regular file of the announced size is read: no link is followed, no FIFO waited for.
 */
export class FileChannel implements SaveChannel {
  readonly name = 'file'
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async listen(id: string): Promise<Arrival> {
    return { take: ({ bytes }) => this.open(id, bytes), end: () => Promise.resolve() }
  }

  async open(id: string, bytes: number): Promise<AsyncIterable<Uint8Array>> {
    const path = join(this.#directory, `${id}.state`)
    if (bytes > STATE_BYTES_MAX) {
      throw new SaveChannelError(`the agent announced a state of ${bytes} bytes, the limit is ${STATE_BYTES_MAX}`)
    }
    let file: FileHandle
    try {
      file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      const why = code === 'ELOOP' ? 'it is a symbolic link' : (code ?? 'unknown error')
      throw new SaveChannelError(`the state cannot be read from ${path}: ${why}`, { cause })
    }
    try {
      const found = await file.stat()
      if (!found.isFile()) throw new SaveChannelError(`${path} is not a regular file`)
      if (found.size !== bytes) {
        throw new SaveChannelError(`${path} has ${found.size} bytes, the agent announced ${bytes}`)
      }
    } catch (error) {
      await file.close()
      throw error
    }
    return pieces(file, path, bytes)
  }
}

async function* pieces(file: FileHandle, path: string, bytes: number): AsyncGenerator<Uint8Array> {
  try {
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(PIECE_BYTES, bytes)))
    let left = bytes
    while (left > 0) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, left))
      if (bytesRead === 0) throw new SaveChannelError(`${path} became shorter while it was read`)
      left -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
