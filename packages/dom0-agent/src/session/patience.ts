/** Deadlines in a row that pass without any sign before a stubdomain counts as unresponsive. */
const STRIKES = 3

/**
 * Remembers which stubdomains let commands pass without any sign. Nothing more is written to such a one: on oxenstored a domain that stops reading
 * stalls, after a thousand writes or more, the connection of dom0 that writes to it.
 */
export class Patience {
  readonly #strikes = new Map<number, { readonly epoch: string; readonly count: number }>()

  /** Whether the agent of that epoch has used it up. */
  isOver(stubdomain: number, epoch: string): boolean {
    const strikes = this.#strikes.get(stubdomain)
    return strikes?.epoch === epoch && strikes.count >= STRIKES
  }

  record(stubdomain: number, epoch: string, heard: boolean): void {
    const before = this.#strikes.get(stubdomain)
    if (heard) this.#strikes.delete(stubdomain)
    else this.#strikes.set(stubdomain, { epoch, count: before?.epoch === epoch ? before.count + 1 : 1 })
  }
}
