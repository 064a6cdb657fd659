import { type DomainObserver, Domains } from './domains.ts'
import { DEFAULT_QUOTAS, type Quotas } from './quotas.ts'
import type { Session } from './session.ts'
import { Tree } from './tree.ts'
import { DirectView } from './view.ts'
import { Watches } from './watches.ts'

/** All the state there is. */
export class Store {
  readonly quotas: Quotas
  readonly tree: Tree
  readonly watches: Watches
  readonly domains: Domains
  /** In the order in which they came, which is the order in which they are told of changes. */
  readonly sessions = new Set<Session>()
  /** The tree as requests outside of transactions see it. */
  readonly direct: DirectView

  constructor(observer: DomainObserver, quotas: Partial<Quotas> = {}) {
    this.quotas = { ...DEFAULT_QUOTAS, ...quotas }
    this.tree = new Tree((domid, generation) => this.domains.existedAt(domid, generation))
    this.watches = new Watches(this.tree, this.sessions)
    this.direct = new DirectView(this.tree, this.watches)
    this.domains = new Domains(this.tree, this.watches, {
      opened: session => {
        observer.opened(session)
        this.sessions.add(session)
      },
      closed: session => {
        this.sessions.delete(session)
        observer.closed(session)
      },
    })
  }
}
