import { Outbox } from './outbox.ts'
import type { Caller } from './permissions.ts'
import type { Transaction } from './transaction.ts'
import type { Watch } from './watches.ts'

/** One party that talks to the store: a client on dom0's socket, or a domain from its INTRODUCE to its end. */
export class Session implements Caller {
  readonly domid: number
  readonly outbox = new Outbox()
  /** By path and token, in the order of registration. */
  readonly watches = new Map<string, Watch>()
  readonly transactions = new Map<number, Transaction>()
  /** The domain whose rights this one has too, as a stubdomain does. It stays known for as long as this session lasts. */
  target: Session | undefined
  /** Requests served. */
  operations = 0
  /** It broke the protocol: nothing is taken from it any more until it is released and introduced anew. */
  ignored = false
  #lastTransactionId = 0

  constructor(domid: number) {
    this.domid = domid
  }

  get privileged(): boolean {
    return this.domid === 0
  }

  /** What relative paths are relative to. */
  get home(): string {
    return `/local/domain/${this.domid}`
  }

  nextTransactionId(): number {
    do this.#lastTransactionId = (this.#lastTransactionId + 1) >>> 0
    while (this.#lastTransactionId === 0 || this.transactions.has(this.#lastTransactionId))
    return this.#lastTransactionId
  }

  /** Drops watches and transactions: RESET_WATCHES, and what is left of a client that disconnects. */
  reset(): void {
    this.watches.clear()
    this.transactions.clear()
  }
}
