import type { SaveChannel, StateChannels, StateFile } from '@stubdom/stubdom-agent'

/** What the files of a stubdomain hold, by their paths: QEMU writes into it as well. */
export type Files = Map<string, string>

/** The ways of states, in memory: a directory that dom0 sees too, and that outlives every agent. */
export class SaveDirectory implements StateChannels {
  readonly files: Files = new Map()
  /** Handed over to dom0, by id. */
  readonly states = new Map<string, string>()
  /** Which file each id’s state was in, all that ever were. */
  readonly sent: { readonly id: string; readonly path: string }[] = []
  readonly saving: readonly SaveChannel[] = [
    {
      name: 'file',
      check: async () => {},
      send: async (id, { path }) => {
        this.sent.push({ id, path })
        this.states.set(id, this.files.get(path) ?? '')
        return {}
      },
    },
  ]
  readonly restoring = []
  #count = 0

  async newFile(): Promise<StateFile> {
    const path = `/state/${++this.#count}`
    const { files } = this
    files.set(path, '')
    return {
      path,
      write: async piece => void files.set(path, `${files.get(path)}${Buffer.from(piece).toString('latin1')}`),
      measure: async () => ({ bytes: files.get(path)?.length ?? 0, sha256: '0'.repeat(64) }),
      async *pieces() {
        yield Buffer.from(files.get(path) ?? '')
      },
      close: async () => void files.delete(path),
    }
  }

  socketPath(): string {
    return '/state/socket'
  }

  async feed(): Promise<void> {
    throw new Error('nobody restores here')
  }

  async discard(id: string): Promise<void> {
    this.states.delete(id)
  }

  async sweep(wanted: ReadonlySet<string>): Promise<void> {
    for (const id of this.states.keys()) if (!wanted.has(id)) this.states.delete(id)
  }
}
