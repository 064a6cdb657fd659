import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { SaveTargetError } from '../errors.ts'
import { reached } from '../steps.ts'
import { SaveChannelError } from './channel.ts'

/** What must arrive. */
export interface Expected {
  readonly bytes: number
  readonly sha256: string
}

/** Behind the target's name, that of a file that a process writes: its pid, and what makes it unique. */
const TEMPORARY = /^\.(\d{1,10})\.[0-9a-f]{8}\.tmp$/

/** The file that a state is saved to: it appears whole or not at all, and what was there before stays until then. */
export class SaveTarget {
  readonly path: string

  /**
   * Checks that the file can be written, before anybody is asked for a state.
   * @throws SaveTargetError `not-done`
   */
  static async check(file: string): Promise<SaveTarget> {
    const cannot = (why: string, cause?: unknown): SaveTargetError =>
      new SaveTargetError('not-done', `${file} cannot be written: ${why}`, {
        cause,
        remedy: 'name a file in a directory that can be written to',
      })
    const target = new SaveTarget(await followed(resolve(file)))
    const found = await stat(target.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw cannot(error.code ?? error.message, error)
    })
    if (found?.isDirectory()) throw cannot('it is a directory')
    if (found && !found.isFile()) throw cannot('it is not a regular file')
    try {
      // Permissions alone do not tell: root passes them all, and a file system may be read-only.
      const probe = await target.#openTemporary()
      reached('target probed')
      await probe.file.close()
      await rm(probe.path, { force: true })
      await target.#sweep()
    } catch (error) {
      throw cannot((error as NodeJS.ErrnoException).code ?? String(error), error)
    }
    return target
  }

  private constructor(path: string) {
    this.path = path
  }

  /**
   * Writes a temporary file beside the target, and puts it in its place when all of it is what was expected and safe on the disk.
   * @throws SaveChannelError when something else came, SaveTargetError `partly` when it could not be written
   */
  async store(pieces: AsyncIterable<Uint8Array>, expected: Expected): Promise<void> {
    try {
      const { file, path } = await this.#openTemporary()
      try {
        try {
          await copy(pieces, file, expected)
          await file.sync()
          reached('state copied')
        } finally {
          await file.close()
        }
        await rename(path, this.path)
        reached('state stored')
      } catch (error) {
        await rm(path, { force: true })
        throw error
      }
      await syncDirectory(dirname(this.path))
    } catch (error) {
      if (error instanceof SaveChannelError) throw error
      const why = (error as NodeJS.ErrnoException).code ?? String(error)
      throw new SaveTargetError('partly', `${this.path} could not be written: ${why}`, { cause: error })
    }
  }

  async #openTemporary(): Promise<{ file: FileHandle; path: string }> {
    const path = `${this.path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
    return { path, file: await open(path, 'wx', 0o600) }
  }

  /** Removes what processes left beside the target that were killed while they wrote. */
  async #sweep(): Promise<void> {
    const directory = dirname(this.path)
    const name = basename(this.path)
    for (const other of await readdir(directory).catch(() => [])) {
      const pid = other.startsWith(name) ? TEMPORARY.exec(other.slice(name.length))?.[1] : undefined
      // Another user’s, say: that it cannot be removed keeps nobody from writing.
      if (pid !== undefined && !isAlive(Number(pid))) await rm(join(directory, other), { force: true }).catch(() => {})
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Where the file stands that `path` leads to, so that a link is not replaced by a file. */
async function followed(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}

async function copy(pieces: AsyncIterable<Uint8Array>, file: FileHandle, { bytes, sha256 }: Expected): Promise<void> {
  const hash = createHash('sha256')
  let count = 0
  for await (const piece of pieces) {
    hash.update(piece)
    count += piece.length
    await file.writeFile(piece)
  }
  if (count !== bytes) throw new SaveChannelError(`${count} bytes came, the agent announced ${bytes}`)
  if (hash.digest('hex') !== sha256)
    throw new SaveChannelError('what came has another SHA-256 than the agent announced')
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
