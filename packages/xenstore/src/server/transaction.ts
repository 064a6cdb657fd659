import type { NodeContent, StoredNode } from './node.ts'
import { Refusal } from './refusal.ts'
import type { Tree } from './tree.ts'
import type { View } from './view.ts'
import type { Change, Watches } from './watches.ts'

/** A node that the transaction has looked at, and what it has made of it. */
interface Touched {
  /** The state when it was first looked at; undefined: it did not exist. */
  readonly base: StoredNode | undefined
  current: StoredNode | undefined
  modified: boolean
  event: 'none' | 'exact' | 'subtree'
}

/**
 * A view with the changes held back. Committing fails with EAGAIN when any node that it looked at has changed since,
 * by comparing generations. Source: xenstored_transaction.c.
 */
export class Transaction implements View {
  readonly #tree: Tree
  readonly #watches: Watches
  readonly #nodesMax: number
  readonly #touched = new Map<string, Touched>()
  /** By how much each domain's count of nodes will change. */
  readonly #ownedChange = new Map<number, number>()
  #created = false
  #spoiled = false

  constructor(tree: Tree, watches: Watches, nodesMax: number) {
    this.#tree = tree
    this.#watches = watches
    this.#nodesMax = nodesMax
    tree.nextGeneration()
  }

  read(path: string): StoredNode | undefined {
    const node = this.#touch(path).current
    return node && this.#tree.judged(node)
  }

  write(path: string, { entries, value, children }: NodeContent): void {
    const touched = this.#touch(path)
    const before = touched.current
    touched.current = { entries, value, children, generation: this.#tree.nextGeneration() }
    touched.modified = true
    if (before?.entries[0].domid === entries[0].domid) return
    this.#count(before, -1)
    this.#count(touched.current, +1)
  }

  remove(path: string): void {
    const touched = this.#touch(path)
    this.#count(touched.current, -1)
    this.#tree.nextGeneration()
    touched.current = undefined
    touched.modified = true
  }

  changed({ path, exact }: Change): void {
    const touched = this.#touch(path)
    if (!exact) touched.event = 'subtree'
    else if (touched.event === 'none') touched.event = 'exact'
  }

  spoil(): void {
    this.#spoiled = true
  }

  /** Outside of a transaction each of several new nodes counts at once; here there has to be room for one. */
  creating(domid: number): number {
    this.#created = true
    return this.#tree.owned(domid) + 1
  }

  /**
   * @param nodesMax the quota on nodes owned, when it applies. Unlike a creation outside of transactions a commit has to
   * stay below it (`cnt >= quota_nb_entry_per_domain`).
   * @throws Refusal EAGAIN, ENOSPC, or ENOMEM when something in it had failed half way
   */
  commit(nodesMax: number | undefined): void {
    if (this.#spoiled) throw new Refusal('ENOMEM')
    if (this.#created && nodesMax !== undefined) this.#checkOwned(nodesMax)
    for (const [path, { base }] of this.#touched)
      if (this.#tree.read(path)?.generation !== base?.generation) throw new Refusal('EAGAIN')
    for (const [path, touched] of this.#touched) if (touched.modified) this.#apply(path, touched)
  }

  #apply(path: string, { base, current, event }: Touched): void {
    if (current) this.#tree.write(path, current)
    else if (base) this.#tree.remove(path)
    if (event !== 'none') this.#watches.fire({ path, exact: event === 'exact', ...(base && { before: base.entries }) })
  }

  #checkOwned(nodesMax: number): void {
    for (const [domid, change] of this.#ownedChange)
      if (domid !== 0 && this.#tree.owned(domid) + change >= nodesMax) throw new Refusal('ENOSPC')
  }

  #touch(path: string): Touched {
    const known = this.#touched.get(path)
    if (known) return known
    if (this.#touched.size >= this.#nodesMax) {
      this.spoil()
      throw new Refusal('ENOSPC')
    }
    const base = this.#tree.read(path)
    const touched: Touched = { base, current: base, modified: false, event: 'none' }
    this.#touched.set(path, touched)
    return touched
  }

  #count(node: StoredNode | undefined, change: number): void {
    if (!node) return
    const owner = node.entries[0].domid
    this.#ownedChange.set(owner, (this.#ownedChange.get(owner) ?? 0) + change)
  }
}
