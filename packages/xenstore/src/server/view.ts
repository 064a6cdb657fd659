import type { NodeContent, StoredNode } from './node.ts'
import type { Tree } from './tree.ts'
import type { Change, Watches } from './watches.ts'

/** The tree as one request sees it: the tree itself, or what a transaction has made of it. */
export interface View {
  /** Looks a node up; a transaction remembers that it did. */
  read(path: string): StoredNode | undefined
  /** Puts a node in place. Its parent's list of children is the caller's business. */
  write(path: string, content: NodeContent): void
  remove(path: string): void
  /** Tells the watches, at once or when the transaction commits. */
  changed(change: Change): void
  /** Something was left half done that cannot be undone: a transaction can only be aborted from here on. */
  spoil(): void
  /** How many nodes the domain would own with `count` more; a transaction's own ones count when it commits. */
  creating(domid: number, count: number): number
}

/** Changes take effect at once. */
export class DirectView implements View {
  readonly #tree: Tree
  readonly #watches: Watches

  constructor(tree: Tree, watches: Watches) {
    this.#tree = tree
    this.#watches = watches
  }

  read(path: string): StoredNode | undefined {
    return this.#tree.read(path)
  }

  write(path: string, content: NodeContent): void {
    this.#tree.write(path, content)
  }

  remove(path: string): void {
    this.#tree.remove(path)
  }

  changed(change: Change): void {
    this.#watches.fire(change)
  }

  spoil(): void {}

  creating(domid: number, count: number): number {
    return this.#tree.owned(domid) + count
  }
}
