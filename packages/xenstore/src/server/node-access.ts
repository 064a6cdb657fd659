import {
  childPath,
  EMPTY_VALUE,
  type NodeContent,
  nameOf,
  parentOf,
  recordBytes,
  type StoredNode,
  withChild,
  withoutChild,
} from './node.ts'
import { type Caller, inheritedBy, rightsOf } from './permissions.ts'
import type { Quotas } from './quotas.ts'
import { Refusal } from './refusal.ts'
import type { View } from './view.ts'

/**
 * The node, if the caller has all of these rights on it.
 * @throws Refusal ENOENT or EACCES; which of them depends on the nearest node above that exists, so that nobody learns
 * what exists where he may not look (xenstored_core.c, errno_from_parents)
 */
export function find(caller: Caller, view: View, path: string, rights: number): StoredNode {
  const node = view.read(path)
  if (node && (rightsOf(caller, node.entries) & rights) === rights) return node
  const above = nearestAbove(view, path).parent
  throw new Refusal(!node && rightsOf(caller, above.entries) & rights ? 'ENOENT' : 'EACCES')
}

/** As {@link find}, but undefined where that reports ENOENT. */
export function findIfExists(caller: Caller, view: View, path: string, rights: number): StoredNode | undefined {
  try {
    return find(caller, view, path, rights)
  } catch (error) {
    if (error instanceof Refusal && error.errno === 'ENOENT') return undefined
    throw error
  }
}

/** Creates the node and what is missing above it. @throws Refusal ENOSPC */
export function createNode(caller: Caller, view: View, quotas: Quotas, path: string, value: Buffer): void {
  const { parent, parentPath, missing } = nearestAbove(view, path)
  if (!caller.privileged && view.creating(caller.domid, missing.length) > quotas.nodes) throw new Refusal('ENOSPC')
  const entries = inheritedBy(caller, parent.entries)
  const contents = missing.map((_, index): NodeContent => {
    const below = missing[index - 1]
    return { entries, value: below ? EMPTY_VALUE : value, children: below ? [nameOf(below)] : [] }
  })
  const newParent = withChild(parent, nameOf(missing.at(-1) ?? path))
  for (const content of [...contents, newParent]) checkSize(caller, view, quotas, content)
  contents.forEach((content, index) => {
    view.write(missing[index] ?? path, content)
  })
  view.write(parentPath, newParent)
}

/** Replaces an existing node's value or permissions. @throws Refusal ENOSPC */
export function replaceNode(caller: Caller, view: View, quotas: Quotas, path: string, content: NodeContent): void {
  checkSize(caller, view, quotas, content)
  view.write(path, content)
}

/** Removes a node and everything below, whoever owns that. */
export function removeNode(view: View, path: string): void {
  const parentPath = parentOf(path)
  const remove = (at: string): void => {
    for (const name of view.read(at)?.children ?? []) remove(childPath(at, name))
    const removed = view.read(at)
    if (!removed) return
    view.remove(at)
    view.changed({ path: at, exact: at !== path, removed })
  }
  remove(path)
  const parent = view.read(parentPath)
  if (parent) view.write(parentPath, withoutChild(parent, nameOf(path)))
}

/** The nearest node above that exists, and the paths from `path` upwards that do not. The root always exists. */
function nearestAbove(view: View, path: string) {
  const missing = [path]
  for (;;) {
    const parentPath = parentOf(missing.at(-1) ?? path)
    const parent = view.read(parentPath)
    if (parent) return { parent, parentPath, missing }
    missing.push(parentPath)
  }
}

function checkSize(caller: Caller, view: View, quotas: Quotas, content: NodeContent): void {
  if (caller.privileged || recordBytes(content) < quotas.nodeBytes) return
  view.spoil()
  throw new Refusal('ENOSPC')
}
