import type { SaveChannel, SavedState } from '@stubdom/stubdom-agent'

const PARTIAL = '.partial'

/** The directory through which states go to dom0, and which outlives every agent. QEMU writes into it as well. */
export class SaveDirectory implements SaveChannel {
  readonly name = 'file'
  readonly files = new Map<string, string>()

  async open(id: string): Promise<string> {
    return `${id}${PARTIAL}`
  }

  async finish(id: string): Promise<SavedState> {
    const state = this.files.get(`${id}${PARTIAL}`)
    if (state === undefined) throw new Error('QEMU wrote nothing')
    this.files.delete(`${id}${PARTIAL}`)
    this.files.set(id, state)
    return { bytes: state.length, sha256: '0'.repeat(64) }
  }

  async discard(id: string): Promise<void> {
    this.files.delete(id)
    this.files.delete(`${id}${PARTIAL}`)
  }

  async sweep(wanted: ReadonlySet<string>): Promise<void> {
    for (const name of this.files.keys()) {
      const id = name.replace(PARTIAL, '')
      if (!wanted.has(id)) await this.discard(id)
    }
  }
}
