import { StringDecoder } from 'node:string_decoder'
import { printable } from '@stubdom/protocol'

/** Characters of a line that are kept. */
const LINE_MAX = 500
/** Lines that are remembered. */
const TAIL_LINES = 8
/** Characters of the last lines in a message. */
const TAIL_CHARS = 360

/** Characters passed on at once, and then by the second: a guest can make QEMU write as much as it likes (XSA-180). */
const BURST = 65_536
const PER_SECOND = 512

/** What a program writes, line by line: all of it is read, a bounded part of it is passed on, and its last lines are remembered. */
export class Output {
  readonly #passOn: (line: string) => void
  readonly #now: () => number
  readonly #decoder = new StringDecoder('utf8')
  readonly #tail: string[] = []
  #line = ''
  #room = BURST
  #at: number
  #dropped = 0

  /** @param now milliseconds */
  constructor(passOn: (line: string) => void, now: () => number = () => performance.now()) {
    this.#passOn = passOn
    this.#now = now
    this.#at = now()
  }

  push(bytes: Buffer): void {
    const [first = '', ...more] = this.#decoder.write(bytes).split('\n')
    this.#grow(first)
    for (const piece of more) {
      this.#finish()
      this.#grow(piece)
    }
  }

  /** No more will come. */
  end(): void {
    this.#grow(this.#decoder.end())
    this.#finish()
  }

  /** The last lines, oldest first, as far as they fit into a message; empty when there was nothing. */
  lastWords(): string {
    let words = ''
    for (const line of this.#tail.toReversed()) {
      const longer = words === '' ? line : `${line} | ${words}`
      if (longer.length > TAIL_CHARS) return words === '' ? printable(line, TAIL_CHARS) : words
      words = longer
    }
    return words
  }

  #grow(piece: string): void {
    this.#line = (this.#line + piece).slice(0, LINE_MAX + 1)
  }

  #finish(): void {
    const line = printable(this.#line.trim(), LINE_MAX)
    this.#line = ''
    if (line === '') return
    this.#tail.push(line)
    if (this.#tail.length > TAIL_LINES) this.#tail.shift()
    this.#limited(line)
  }

  #limited(line: string): void {
    const now = this.#now()
    this.#room = Math.min(BURST, this.#room + ((now - this.#at) / 1_000) * PER_SECOND)
    this.#at = now
    if (line.length > this.#room) {
      this.#dropped++
      return
    }
    if (this.#dropped > 0) this.#passOn(`… ${this.#dropped} lines left out`)
    this.#dropped = 0
    this.#room -= line.length
    this.#passOn(line)
  }
}
