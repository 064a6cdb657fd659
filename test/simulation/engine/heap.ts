/** Something that happens at a time; of two at the same time the one that was put in first comes first. */
export interface Happening {
  readonly at: number
  readonly order: number
}

/** A priority queue (binary heap). */
export class Heap<T extends Happening> {
  readonly #items: T[] = []

  get peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = items[above] as T
      if (!isBefore(item, parent)) break
      items[at] = parent
      at = above
    }
    items[at] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (items.length === 0 || last === undefined) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= items.length) break
      const right = items[below + 1]
      if (right && isBefore(right, items[below] as T)) below++
      const child = items[below] as T
      if (!isBefore(child, last)) break
      items[at] = child
      at = below
    }
    items[at] = last
    return first
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
