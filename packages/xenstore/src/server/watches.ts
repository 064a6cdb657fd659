import { parentOf, type StoredNode } from './node.ts'
import { DOM0_ONLY, type Entries, Right, rightsOf, withoutDomain } from './permissions.ts'
import type { Session } from './session.ts'
import type { Tree } from './tree.ts'

export interface Watch {
  /** Absolute, or one of the special paths. */
  readonly path: string
  readonly token: string
  /** What is cut off the front of reported paths: the watch was registered with a relative path. */
  readonly home: string | undefined
}

/** A node has been created, written, given other permissions or removed. */
export interface Change {
  readonly path: string
  /** Only watches on this very node are told: it vanished together with a node above it. */
  readonly exact: boolean
  /** The node as it was, when it is gone. */
  readonly removed?: StoredNode
  /** The permissions before, when those changed: who loses its access is told about that. */
  readonly before?: Entries
}

export type SpecialPath = '@introduceDomain' | '@releaseDomain'

/** Who is told what. Source: xenstored_watch.c, fire_watches and watch_permitted. */
export class Watches {
  readonly #tree: Tree
  readonly #sessions: Iterable<Session>
  readonly #special = new Map<string, Entries>([
    ['@introduceDomain', DOM0_ONLY],
    ['@releaseDomain', DOM0_ONLY],
  ])

  /** `sessions` is looked at anew for every change. */
  constructor(tree: Tree, sessions: Iterable<Session>) {
    this.#tree = tree
    this.#sessions = sessions
  }

  fire(change: Change): void {
    const concerns = change.exact
      ? (watch: Watch) => watch.path === change.path
      : (watch: Watch) => isAtOrBelow(change.path, watch.path)
    for (const session of this.#sessions) {
      const concerned = [...session.watches.values()].filter(concerns)
      if (concerned.length === 0 || !this.#maySee(session, change)) continue
      for (const watch of concerned) notify(session, watch, change.path)
    }
  }

  fireSpecial(path: SpecialPath): void {
    for (const session of this.#sessions) {
      if (!(rightsOf(session, this.#special.get(path) ?? DOM0_ONLY) & Right.READ)) continue
      for (const watch of session.watches.values()) if (watch.path === path) notify(session, watch, path)
    }
  }

  /** The permissions of a special path; undefined when there is no such path. */
  special(path: string): Entries | undefined {
    return this.#special.get(path)
  }

  setSpecial(path: string, entries: Entries): void {
    this.#special.set(path, entries)
  }

  forgetDomain(domid: number): void {
    for (const [path, entries] of this.#special) this.#special.set(path, withoutDomain(entries, domid))
  }

  /** The node or the one above it has to be readable: at the time of the change, not when the watch was registered. */
  #maySee(session: Session, { path, removed, before }: Change): boolean {
    if (before && rightsOf(session, before) & Right.READ) return true
    const node = removed ?? this.#tree.read(path)
    if (!node) return false
    if (rightsOf(session, node.entries) & Right.READ) return true
    const parent = this.#tree.read(parentOf(path))
    return parent !== undefined && (rightsOf(session, parent.entries) & Right.READ) !== 0
  }
}

/** Queues one event, with the path in the form in which the watch was registered. */
export function notify(session: Session, { home, token }: Watch, path: string): void {
  session.outbox.event(home === undefined ? path : path.slice(home.length + 1), token)
}

function isAtOrBelow(path: string, top: string): boolean {
  return top === '/' || path === top || path.startsWith(`${top}/`)
}
