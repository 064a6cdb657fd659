/** A stretch of what a client sent. */
export interface Piece {
  readonly bytes: Buffer
  /** Whether it is one JSON object or list, as QEMU would take it; else it is what stands between them. */
  readonly whole: boolean
}

/** The bytes held are more than the limit, and no end of the message in sight. */
export class OverlongError extends Error {
  override readonly name = 'OverlongError'
}

const QUOTE = '"'.charCodeAt(0)
const APOSTROPHE = "'".charCodeAt(0)
const BACKSLASH = '\\'.charCodeAt(0)
const OPEN: ReadonlySet<number> = new Set([...'{['].map(char => char.charCodeAt(0)))
const CLOSE: ReadonlySet<number> = new Set([...'}]'].map(char => char.charCodeAt(0)))
const WHITE: ReadonlySet<number> = new Set([...'\t\n\r'].map(char => char.charCodeAt(0)))
/** Never part of UTF-8 text; QEMU begins anew with it, as with a control character. */
const RESET = 0xfe

/**
 * Cuts a client's bytes into JSON values where QEMU does: at balanced brackets, whatever lines they stand on. Nothing is dropped or changed: the pieces together are
 * what came. Source: QEMU, qobject/json-lexer.c and json-streamer.c.
 */
export class JsonSplitter {
  readonly #maxBytes: number
  #held: Buffer[] = []
  #size = 0
  #depth = 0
  #quote = 0
  #escaped = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @throws OverlongError */
  *push(chunk: Buffer): Generator<Piece, void, undefined> {
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const before = this.#depth
      const closed = this.#step(chunk[at] as number)
      if (before === 0 && this.#depth > 0) {
        if (at > start) yield { bytes: chunk.subarray(start, at), whole: false }
        start = at
      } else if (before > 0 && this.#depth === 0) {
        yield { bytes: this.#take(chunk.subarray(start, at + 1)), whole: closed }
        start = at + 1
      }
    }
    const rest = chunk.subarray(start)
    if (this.#depth > 0) this.#hold(rest)
    else if (rest.length > 0) yield { bytes: rest, whole: false }
  }

  /** Whether the byte closed a bracket. */
  #step(byte: number): boolean {
    if (byte >= RESET || (byte < 0x20 && (this.#quote !== 0 || !WHITE.has(byte)))) {
      this.#depth = 0
      this.#quote = 0
    } else if (this.#quote !== 0) {
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === this.#quote) this.#quote = 0
    } else if (OPEN.has(byte)) this.#depth++
    else if (this.#depth > 0) {
      if (CLOSE.has(byte)) {
        this.#depth--
        return true
      }
      if (byte === QUOTE || byte === APOSTROPHE) {
        this.#quote = byte
        this.#escaped = false
      }
    }
    return false
  }

  #hold(bytes: Buffer): void {
    this.#size += bytes.length
    if (this.#size > this.#maxBytes) throw new OverlongError(`a message is longer than ${this.#maxBytes} bytes`)
    // A copy: the chunk may be much larger than what is kept of it.
    if (bytes.length > 0) this.#held.push(Buffer.from(bytes))
  }

  #take(last: Buffer): Buffer {
    this.#hold(last)
    const bytes = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held)
    this.#held = []
    this.#size = 0
    return bytes
  }
}
