import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentOptions } from '../options.ts'
import type { RestoreChannel, SaveChannel, StateChannels, StateFile } from './channel.ts'
import { RestoreConsole, SaveConsole } from './console-channel.ts'
import { feed } from './feed.ts'
import { FileChannel } from './file-channel.ts'
import { NamelessFile } from './nameless-file.ts'
import { XenstoreChannel } from './xenstore-channel.ts'

/** The ways for states that the command line gave the agent; Xenstore’s is always there. */
export class ConfiguredChannels implements StateChannels {
  readonly saving: readonly SaveChannel[]
  readonly restoring: readonly RestoreChannel[]
  readonly #files: FileChannel | undefined

  constructor({ saveDir, saveConsole, restoreConsole }: AgentOptions) {
    this.#files = saveDir === undefined ? undefined : new FileChannel(saveDir)
    const both = [...(this.#files ? [this.#files] : []), new XenstoreChannel()]
    this.saving = [...both, ...(saveConsole === undefined ? [] : [new SaveConsole(saveConsole)])]
    this.restoring = [...both, ...(restoreConsole === undefined ? [] : [new RestoreConsole(restoreConsole)])]
  }

  newFile(): Promise<StateFile> {
    return NamelessFile.create()
  }

  socketPath(id: string): string {
    return join(tmpdir(), `stubdom-agent-${id}.sock`)
  }

  feed(socketPath: string, state: StateFile, signal: AbortSignal): Promise<void> {
    return feed(socketPath, state.pieces(), signal)
  }

  async discard(id: string): Promise<void> {
    // QEMU removes it when somebody has connected, and not when it ends before.
    await rm(this.socketPath(id), { force: true })
    await this.#files?.discard(id)
  }

  async sweep(wanted: ReadonlySet<string>): Promise<void> {
    await this.#files?.sweep(wanted)
  }
}
