import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandFailure } from '../commands/failure.ts'
import type { StateFile, StateMeasure } from './channel.ts'

const PIECE_BYTES = 64 * 1024

/**
 * A file whose name is gone before anything stands in it: however the agent ends, nothing is left behind. QEMU opens it by way of /proc; it needs a real
 * file, since it opens with O_TRUNC (xen-save-devices-state, QEMU 7.2), and one never makes it wait, which would be its whole main loop.
 */
export class NamelessFile implements StateFile {
  readonly #file: FileHandle

  static async create(): Promise<NamelessFile> {
    const path = join(tmpdir(), `stubdom-agent-${randomBytes(8).toString('hex')}.state`)
    const file = await open(path, 'wx+', 0o600).catch(error => {
      throw new CommandFailure('save-failed', `there is no room for a state: ${(error as Error).message}`)
    })
    await unlink(path)
    return new NamelessFile(file)
  }

  private constructor(file: FileHandle) {
    this.#file = file
  }

  get path(): string {
    return `/proc/${process.pid}/fd/${this.#file.fd}`
  }

  async write(piece: Uint8Array): Promise<void> {
    await this.#file.writeFile(piece)
  }

  async measure(): Promise<StateMeasure> {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of this.pieces()) {
      hash.update(piece)
      bytes += piece.length
    }
    return { bytes, sha256: hash.digest('hex') }
  }

  async *pieces(): AsyncGenerator<Buffer> {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES)
    for (let at = 0; ; ) {
      const { bytesRead } = await this.#file.read(buffer, 0, PIECE_BYTES, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
