import { childPath } from './node.ts'
import { removeNode } from './node-access.ts'
import { Refusal } from './refusal.ts'
import { Session } from './session.ts'
import type { Tree } from './tree.ts'
import { DirectView } from './view.ts'
import type { Watches } from './watches.ts'

/**
 * What the store knows of a domain. Source: xenstored_domain.c's struct domain.
 *
 *     (unknown) --named in permissions--> mentioned --INTRODUCE--> introduced --RELEASE, death--> (unknown)
 *                                         mentioned --death--> (unknown)
 *                                         introduced --death, while it is another one's target--> lingering
 *                                         lingering --death of the last one whose target it is--> (unknown)
 */
type State =
  | { readonly kind: 'mentioned' }
  | { readonly kind: 'introduced'; readonly session: Session; shutdown: boolean }
  | { readonly kind: 'lingering'; readonly session: Session }

interface Domain {
  readonly domid: number
  /** The tree's generation when it became known: permissions that are older are not meant for it. */
  readonly bornAt: number
  state: State
}

/** Is told when a domain can talk to the store, and when it no longer can. */
export interface DomainObserver {
  /** May throw a Refusal: the domain is not introduced then. */
  opened(session: Session): void
  closed(session: Session): void
}

export class Domains {
  readonly #tree: Tree
  readonly #watches: Watches
  readonly #observer: DomainObserver
  readonly #known = new Map<number, Domain>([
    [0, { domid: 0, bornAt: 0, state: { kind: 'introduced', session: new Session(0), shutdown: false } }],
  ])
  /** The hypervisor's list. */
  readonly #existing = new Set<number>([0])

  constructor(tree: Tree, watches: Watches, observer: DomainObserver) {
    this.#tree = tree
    this.#watches = watches
    this.#observer = observer
  }

  // The hypervisor's side.

  exists(domid: number): boolean {
    return this.#existing.has(domid)
  }

  create(domid: number): void {
    this.#existing.add(domid)
  }

  destroy(domid: number): void {
    this.#existing.delete(domid)
    const domain = this.#known.get(domid)
    if (domain && domain.state.kind !== 'lingering') this.#end(domain)
  }

  shutdown(domid: number): void {
    const state = this.#known.get(domid)?.state
    if (state?.kind !== 'introduced' || state.shutdown) return
    state.shutdown = true
    this.#watches.fireSpecial('@releaseDomain')
  }

  // The store's side.

  /** Whether today's domain of that number was known already when the tree had that generation. */
  existedAt(domid: number, generation: number): boolean {
    const domain = this.#known.get(domid)
    return domain !== undefined && domain.bornAt <= generation
  }

  /** A domain is named in permissions: it becomes known if the hypervisor has it. */
  mention(domid: number): boolean {
    if (this.#known.has(domid)) return true
    if (!this.exists(domid)) return false
    this.#learn(domid)
    return true
  }

  isIntroduced(domid: number): boolean {
    const kind = this.#known.get(domid)?.state.kind
    return kind === 'introduced' || kind === 'lingering'
  }

  /** @throws Refusal EINVAL when the hypervisor does not have the domain */
  introduce(domid: number): void {
    if (!this.exists(domid)) throw new Refusal('EINVAL')
    const domain = this.#known.get(domid) ?? this.#learn(domid)
    switch (domain.state.kind) {
      case 'introduced':
        return domain.state.session.reset()
      case 'lingering':
        throw new Refusal('EINVAL')
      case 'mentioned': {
        const session = new Session(domid)
        this.#observer.opened(session)
        domain.state = { kind: 'introduced', session, shutdown: false }
        return this.#watches.fireSpecial('@introduceDomain')
      }
    }
  }

  /** @throws Refusal ENOENT when the domain is not introduced */
  release(domid: number): void {
    this.#connected(domid)
    const domain = this.#known.get(domid)
    if (domain) this.#end(domain)
  }

  /** @throws Refusal ENOENT when the domain is not introduced */
  resume(domid: number): void {
    this.#connected(domid).shutdown = false
  }

  /** @throws Refusal ENOENT when one of them is not introduced */
  setTarget(domid: number, target: number): void {
    const { session } = this.#connected(domid)
    const other = this.#connected(target).session
    session.target = other === session ? undefined : other
  }

  #connected(domid: number): Extract<State, { kind: 'introduced' }> {
    const state = this.#known.get(domid)?.state
    if (!state || state.kind === 'mentioned') throw new Refusal('ENOENT')
    if (state.kind === 'lingering') throw new Refusal('EINVAL')
    return state
  }

  #learn(domid: number): Domain {
    const domain: Domain = { domid, bornAt: this.#tree.generation, state: { kind: 'mentioned' } }
    this.#known.set(domid, domain)
    return domain
  }

  #end(domain: Domain): void {
    const { state } = domain
    if (state.kind === 'introduced') {
      state.session.reset()
      this.#observer.closed(state.session)
      if (this.#isTarget(state.session)) {
        domain.state = { kind: 'lingering', session: state.session }
        return
      }
    }
    this.#forget(domain)
  }

  /** The domain's own target goes first if it lingered for it; then its nodes, and only then its end is announced. */
  #forget(domain: Domain): void {
    const { state, domid } = domain
    if (state.kind !== 'mentioned') {
      const { target } = state.session
      state.session.target = undefined
      const lingering = target && this.#known.get(target.domid)
      if (lingering?.state.kind === 'lingering' && !this.#isTarget(lingering.state.session)) this.#forget(lingering)
    }
    this.#removeNodesOf(domid)
    this.#watches.forgetDomain(domid)
    this.#known.delete(domid)
    if (state.kind !== 'mentioned') this.#watches.fireSpecial('@releaseDomain')
  }

  /** Whether a domain that lives has this one as its target. */
  #isTarget(session: Session): boolean {
    return [...this.#known.values()].some(
      ({ state }) => state.kind === 'introduced' && state.session.target === session,
    )
  }

  #removeNodesOf(domid: number): void {
    const view = new DirectView(this.#tree, this.#watches)
    const visit = (path: string): void => {
      if (this.#tree.owned(domid) === 0) return
      const node = this.#tree.read(path)
      if (!node) return
      if (node.entries[0].domid === domid) return removeNode(view, path)
      for (const name of node.children) visit(childPath(path, name))
    }
    visit('/')
  }
}
