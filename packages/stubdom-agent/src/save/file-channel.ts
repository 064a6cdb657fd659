import { access, constants, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isCommandId } from '@stubdom/protocol'
import { CommandFailure } from '../commands/failure.ts'
import { reached } from '../steps.ts'
import type { Follower, RestoreChannel, SaveChannel, Sent, StateFile, StateMeasure } from './channel.ts'

const SUFFIX = '.state'
const PARTIAL = '.partial'

/** States as files in a directory that dom0 has too: `<id>.state`, which appears whole. */
export class FileChannel implements SaveChannel, RestoreChannel {
  readonly name = 'file'
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async check(): Promise<void> {
    await access(this.#directory, constants.W_OK).catch(error => {
      throw failure('save-failed', 'the save channel is not usable', error)
    })
  }

  async send(id: string, state: StateFile, { bytes }: StateMeasure, { progress }: Follower): Promise<Sent> {
    const partial = this.#path(id, PARTIAL)
    try {
      await writeFile(partial, state.pieces(), { flag: 'wx', mode: 0o600 })
      reached('state written')
      await rename(partial, this.#path(id, SUFFIX))
      reached('state offered')
    } catch (error) {
      throw failure('save-failed', 'the state could not be put into the save directory', error)
    }
    progress(bytes, bytes)
    return {}
  }

  async receive(id: string, { bytes }: StateMeasure, into: StateFile, { progress }: Follower): Promise<void> {
    try {
      const path = this.#path(id, SUFFIX)
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
      try {
        const { size } = await file.stat()
        if (size !== bytes) throw new Error(`${path} has ${size} bytes, ${bytes} were announced`)
        await into.write(await file.readFile())
      } finally {
        await file.close()
      }
    } catch (error) {
      throw failure('restore-failed', 'the state could not be taken from the save directory', error)
    }
    progress(bytes, bytes)
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

function failure(code: 'save-failed' | 'restore-failed', what: string, cause: unknown): CommandFailure {
  return new CommandFailure(code, `${what}: ${(cause as Error).message}`, { cause })
}
