import { QmpProtocolError } from './errors.ts'

const LF = 0x0a

/**
 * Cuts a byte stream into lines. QEMU ends each message with CRLF and puts no newline inside one (`pretty=on` apart), so a line is
 * a message. It holds at most one unfinished line of `maxBytes`; bytes are decoded only when the line is whole, so a character may
 * be split between chunks.
 */
export class LineSplitter {
  readonly #maxBytes: number
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #parts: Uint8Array[] = []
  #size = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The lines that `chunk` completes, without their line ends. Throws QmpProtocolError: line too long, or not UTF-8. */
  *push(chunk: Uint8Array): Generator<string, void, undefined> {
    let start = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#keep(chunk.subarray(start, end))
      start = end + 1
      yield this.#take()
    }
    this.#keep(chunk.subarray(start))
  }

  #keep(part: Uint8Array): void {
    this.#size += part.length
    if (this.#size > this.#maxBytes) {
      throw new QmpProtocolError(`A message from QEMU is longer than ${this.#maxBytes} bytes`)
    }
    if (part.length > 0) this.#parts.push(part)
  }

  #take(): string {
    const bytes = this.#parts.length === 1 ? this.#parts[0] : joined(this.#parts, this.#size)
    this.#parts = []
    this.#size = 0
    try {
      const line = this.#decoder.decode(bytes)
      return line.endsWith('\r') ? line.slice(0, -1) : line
    } catch (cause) {
      throw new QmpProtocolError('A message from QEMU is not UTF-8', { cause })
    }
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
