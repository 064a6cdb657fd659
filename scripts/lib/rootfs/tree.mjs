/**
 * A root file system to be: paths without a leading slash, each a directory, a file or a symbolic link. Directories above an entry appear by themselves.
 *
 * @typedef {{ type: 'directory' } | { type: 'link', target: string } | { type: 'file', data: Buffer, mode: number }} Content
 * @typedef {Content & { component: string }} Entry component: as whose part it is counted
 */
export class Tree {
  /** @type {Map<string, Entry>} */
  #entries = new Map()

  /** @param {string} path @param {string} component */
  directory(path, component = 'directories') {
    this.#add(path, { type: 'directory', component })
  }

  /** @param {string} path @param {Buffer | string} data */
  file(path, data, { mode = 0o644, component = 'files' } = {}) {
    this.#add(path, { type: 'file', data: Buffer.from(data), mode, component })
  }

  /** @param {string} path @param {string} target */
  link(path, target, component = 'files') {
    this.#add(path, { type: 'link', target, component })
  }

  has(path) {
    return this.#entries.has(path)
  }

  /** All entries, sorted by path, so that a directory precedes what is in it. @returns {[string, Entry][]} */
  entries() {
    return [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** Bytes of files by component, the largest first. @returns {{ name: string, bytes: number, files: number }[]} */
  components() {
    const sums = new Map()
    for (const entry of this.#entries.values()) {
      if (entry.type !== 'file') continue
      const sum = sums.get(entry.component) ?? { name: entry.component, bytes: 0, files: 0 }
      sums.set(entry.component, { ...sum, bytes: sum.bytes + entry.data.length, files: sum.files + 1 })
    }
    return [...sums.values()].sort((a, b) => b.bytes - a.bytes)
  }

  #add(path, entry) {
    if (path.startsWith('/') || path.split('/').includes('..')) throw new Error(`${path} is not a path below a root`)
    const existing = this.#entries.get(path)
    if (existing && !(existing.type === 'directory' && entry.type === 'directory')) {
      throw new Error(`${path} is in the tree already, as part of ${existing.component}`)
    }
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    if (parent !== '' && this.#entries.get(parent)?.type !== 'directory') this.directory(parent)
    if (!existing) this.#entries.set(path, entry)
  }
}
