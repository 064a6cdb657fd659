import { encodeJson, printable } from '../codec/text.ts'
import type { AgentCode } from '../codes.ts'
import { REFUSED_MAX, VALUE_BYTES_MAX } from '../limits.ts'
import type { Refused, RefusedEntry } from '../messages/refused.ts'

/** The newest requests that could not be answered by a node of their own. */
export class Refusals {
  readonly #entries: RefusedEntry[] = []

  /** The node `refused` after one more. Names are cut to what the schema allows: they may be anything that fits a node's name. */
  add(command: string, id: string, code: AgentCode): string {
    this.#entries.push({ command: printable(command, 64), id: printable(id, 64), code })
    if (this.#entries.length > REFUSED_MAX) this.#entries.shift()
    return this.node()
  }

  node(): string {
    for (;;) {
      const node = encodeJson({ v: 1, refused: this.#entries } satisfies Refused)
      if (node.length <= VALUE_BYTES_MAX) return node
      this.#entries.shift()
    }
  }
}
