import type { ErrnoName } from '../errno.ts'
import { type Message, Op, PAYLOAD_MAX } from '../wire/messages.ts'
import type { DomainObserver } from './domains.ts'
import { OPERATIONS } from './operations/table.ts'
import type { Quotas } from './quotas.ts'
import { Refusal } from './refusal.ts'
import type { Reply } from './request.ts'
import { Session } from './session.ts'
import { Store } from './store.ts'
import { encodeStrings } from './text.ts'

interface Usage {
  readonly watches: number
  readonly transactions: number
  /** Requests served, refused ones included. */
  readonly operations: number
}

/** What one domain has in the store; for domain 0 that of all its clients together. */
export interface DomainCounts extends Usage {
  /** Nodes it owns. */
  readonly nodes: number
}

export interface Counts extends Usage {
  readonly nodes: number
  /** By domid: domain 0, every domain that is introduced, and whoever else owns a node. */
  readonly domains: ReadonlyMap<number, DomainCounts>
}

/**
 * A Xenstore without I/O, with xenstored's semantics: a request goes in, and its reply and the events that it causes lie
 * in the outboxes of the sessions when {@link handle} returns.
 */
export class Core {
  readonly #store: Store
  #operations = 0

  constructor(observer: DomainObserver, quotas: Partial<Quotas> = {}) {
    this.#store = new Store(observer, quotas)
  }

  /** The hypervisor's side of domains. */
  get domains(): Pick<Store['domains'], 'exists' | 'create' | 'destroy' | 'shutdown'> {
    return this.#store.domains
  }

  /** A further client of dom0's. */
  connect(): Session {
    const session = new Session(0)
    this.#store.sessions.add(session)
    return session
  }

  /** The client is gone. */
  disconnect(session: Session): void {
    session.reset()
    session.outbox.clear()
    if (session.domid === 0) this.#store.sessions.delete(session)
  }

  /** The client sent something that cannot be part of the protocol. */
  ignore(session: Session): void {
    this.disconnect(session)
    session.ignored = true
  }

  handle(session: Session, message: Message): void {
    this.#operations++
    session.operations++
    const answer = (type: number, payload: Buffer) => session.outbox.reply({ ...message, type, payload })
    const refuse = (errno: ErrnoName) => answer(Op.ERROR, encodeStrings(errno))
    let reply: Reply
    try {
      reply = this.#run(session, message)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return refuse(error.errno)
    }
    const { payload, afterwards } = Buffer.isBuffer(reply) ? { payload: reply } : reply
    if (payload.length > PAYLOAD_MAX) return refuse('E2BIG')
    answer(message.type, payload)
    afterwards?.()
  }

  counts(): Counts {
    const { tree, sessions } = this.#store
    const domains = new Map<number, DomainCounts>()
    let total = NOTHING
    for (const domid of [0, ...tree.owners]) domains.set(domid, { ...NOTHING, nodes: tree.owned(domid) })
    for (const session of sessions) {
      const usage = usageOf(session)
      total = sum(total, usage)
      const before = domains.get(session.domid) ?? NOTHING
      domains.set(session.domid, { ...sum(before, usage), nodes: tree.owned(session.domid) })
    }
    return { ...total, operations: this.#operations, nodes: tree.size, domains }
  }

  #run(session: Session, { type, transactionId, payload }: Message): Reply {
    const operation = OPERATIONS.get(type)
    if (!operation) throw new Refusal('ENOSYS')
    if (operation.privileged && !session.privileged) throw new Refusal('EACCES')
    const wanted = operation.outsideTransactions ? 0 : transactionId
    const transaction = session.transactions.get(wanted)
    if (wanted !== 0 && !transaction) throw new Refusal('ENOENT')
    const view = transaction ?? this.#store.direct
    return operation.run({ store: this.#store, session, transactionId, transaction, view, payload })
  }
}

const NOTHING: Usage = { watches: 0, transactions: 0, operations: 0 }

function usageOf({ watches, transactions, operations }: Session): Usage {
  return { watches: watches.size, transactions: transactions.size, operations }
}

function sum(a: Usage, b: Usage): Usage {
  return {
    watches: a.watches + b.watches,
    transactions: a.transactions + b.transactions,
    operations: a.operations + b.operations,
  }
}
