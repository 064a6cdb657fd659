/** Milliseconds after which answered ids are checked for having been collected, and how many of them wait for that at the most. */
const DELAY_MS = 50
const COUNT_MAX = 32

/**
 * Answered ids whose request changed: probably collected by dom0. They are checked together, with one listing of their directory, since a READ for each
 * would cost every command one operation more.
 */
export class Collection {
  readonly #keys = new Map<string, string>()
  /** Those for which a listing is under way. */
  readonly #asked = new Map<string, string>()
  #dueAt = Number.POSITIVE_INFINITY

  get dueAt(): number {
    return this.#dueAt
  }

  has(key: string): boolean {
    return this.#keys.has(key)
  }

  /** @param command whose directory tells */
  add(key: string, command: string, now: number): void {
    this.#keys.set(key, command)
    this.#dueAt = this.#keys.size >= COUNT_MAX ? now : Math.min(this.#dueAt, now + DELAY_MS)
  }

  delete(key: string): void {
    this.#keys.delete(key)
    this.#asked.delete(key)
  }

  /** The ids of a command that a listing was asked for; each is named once. */
  asked(command: string): Set<string> {
    const keys = new Set<string>()
    for (const [key, of] of this.#asked) if (of === command && this.#asked.delete(key)) keys.add(key)
    return keys
  }

  /** The listings under way will not come. */
  disconnected(): void {
    this.#asked.clear()
  }

  /** The commands whose directories are to be listed now. */
  take(): Set<string> {
    const commands = new Set(this.#keys.values())
    for (const [key, command] of this.#keys) this.#asked.set(key, command)
    this.#keys.clear()
    this.#dueAt = Number.POSITIVE_INFINITY
    return commands
  }
}
