/**
 * The line before a state on a console. What stands before it is not this command's: an earlier one left it on the way. The state follows at once and
 * has exactly the announced number of bytes.
 */
export function consoleMark(id: string): Uint8Array {
  return Uint8Array.from(`\nstubdom-control state ${id}\n`, char => char.charCodeAt(0))
}

/** Finds the mark in what comes from a console, in whatever pieces. */
export class MarkFinder {
  readonly #mark: Uint8Array
  #held: Uint8Array = new Uint8Array()
  #found = false
  #skipped = 0

  constructor(id: string) {
    this.#mark = consoleMark(id)
  }

  get found(): boolean {
    return this.#found
  }

  /** Bytes that were not this command's. */
  get skipped(): number {
    return this.#skipped + this.#held.length
  }

  /** What of a piece belongs to the state. */
  push(piece: Uint8Array): Uint8Array {
    if (this.#found) return piece
    const bytes = new Uint8Array(this.#held.length + piece.length)
    bytes.set(this.#held)
    bytes.set(piece, this.#held.length)
    const at = indexOf(bytes, this.#mark)
    if (at === -1) {
      const kept = Math.min(bytes.length, this.#mark.length - 1)
      this.#skipped += bytes.length - kept
      this.#held = bytes.slice(bytes.length - kept)
      return new Uint8Array()
    }
    this.#found = true
    this.#skipped += at
    this.#held = new Uint8Array()
    return bytes.subarray(at + this.#mark.length)
  }
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  const first = wanted[0] as number
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at
  }
  return -1
}
