import { EMPTY_VALUE, type NodeContent, type StoredNode } from './node.ts'
import { DOM0_ONLY, type Entry, killed } from './permissions.ts'

/**
 * All nodes, by path, and how many each domain owns. The generation grows with every change and every transaction, so
 * that states of nodes, transactions and births of domains can be put in order.
 */
export class Tree {
  readonly #nodes = new Map<string, StoredNode>()
  readonly #owned = new Map<number, number>()
  readonly #existedAt: (domid: number, generation: number) => boolean
  #generation = 0

  /** `existedAt` says whether today's domain of that number was there already in that generation. */
  constructor(existedAt: (domid: number, generation: number) => boolean) {
    this.#existedAt = existedAt
    const initial = { '/': ['tool'], '/tool': ['xenstored'], '/tool/xenstored': [] }
    for (const [path, children] of Object.entries(initial))
      this.write(path, { entries: DOM0_ONLY, value: EMPTY_VALUE, children })
  }

  get size(): number {
    return this.#nodes.size
  }

  get generation(): number {
    return this.#generation
  }

  nextGeneration(): number {
    return ++this.#generation
  }

  owned(domid: number): number {
    return this.#owned.get(domid) ?? 0
  }

  /** The domains that own a node. */
  get owners(): Iterable<number> {
    return this.#owned.keys()
  }

  read(path: string): StoredNode | undefined {
    const node = this.#nodes.get(path)
    return node && this.judged(node)
  }

  write(path: string, content: NodeContent): void {
    const { entries, value, children } = content
    this.#count(this.#nodes.get(path), -1)
    const node = { entries, value, children, generation: this.nextGeneration() }
    this.#nodes.set(path, node)
    this.#count(node, +1)
  }

  remove(path: string): void {
    this.#count(this.#nodes.get(path), -1)
    this.#nodes.delete(path)
    this.nextGeneration()
  }

  /** The node with the entries marked dead whose domain is gone, or is another one than when they were set. */
  judged(node: StoredNode): StoredNode {
    const [owner, ...grants] = node.entries
    const isStale = ({ domid, dead }: Entry) => !dead && !this.#existedAt(domid, node.generation)
    if (!grants.some(isStale)) return node
    return { ...node, entries: [owner, ...grants.map(grant => (isStale(grant) ? killed(grant) : grant))] }
  }

  #count(node: StoredNode | undefined, change: number): void {
    if (!node) return
    const owner = node.entries[0].domid
    const count = this.owned(owner) + change
    if (count === 0) this.#owned.delete(owner)
    else this.#owned.set(owner, count)
  }
}
