import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, constants, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isCommandId } from '@stubdom/protocol'
import { CommandFailure } from '../commands/failure.ts'
import { reached } from '../steps.ts'
import type { SaveChannel, SavedState } from './channel.ts'

const SUFFIX = '.state'
const PARTIAL = '.partial'

/** States as files in a directory that dom0 reads too: `<id>.state`, which appears whole. */
export class FileChannel implements SaveChannel {
  readonly name = 'file'
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async open(id: string): Promise<string> {
    try {
      await access(this.#directory, constants.W_OK)
    } catch (error) {
      throw new CommandFailure('save-failed', `the save channel is not usable: ${(error as Error).message}`, {
        cause: error,
      })
    }
    return this.#path(id, PARTIAL)
  }

  async finish(id: string): Promise<SavedState> {
    const partial = this.#path(id, PARTIAL)
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of createReadStream(partial)) {
      hash.update(chunk as Buffer)
      bytes += (chunk as Buffer).length
    }
    const { size } = await stat(partial)
    if (bytes === 0 || size !== bytes) {
      throw new CommandFailure('save-failed', `QEMU’s file holds ${size} bytes, ${bytes} of them were read`)
    }
    reached('state read')
    await rename(partial, this.#path(id, SUFFIX))
    reached('state offered')
    return { bytes, sha256: hash.digest('hex') }
  }

  async discard(id: string): Promise<void> {
    await rm(this.#path(id, PARTIAL), { force: true })
    await rm(this.#path(id, SUFFIX), { force: true })
    reached('state discarded')
  }

  async sweep(wanted: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#directory).catch(() => [])) {
      const id = name.replace(/\.(state|partial)$/, '')
      if (id !== name && isCommandId(id) && !wanted.has(id)) await this.discard(id)
    }
  }

  #path(id: string, suffix: string): string {
    return join(this.#directory, `${id}${suffix}`)
  }
}
