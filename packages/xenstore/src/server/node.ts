import type { Entries } from './permissions.ts'

/** What a node holds. Values of this type are never changed, only replaced: a transaction can keep one as its snapshot. */
export interface NodeContent {
  readonly entries: Entries
  readonly value: Buffer
  /** Names in the order of their creation. */
  readonly children: readonly string[]
}

export interface StoredNode extends NodeContent {
  /** Unique to this state of the node: how a transaction recognises that somebody else changed it. */
  readonly generation: number
}

export const EMPTY_VALUE = Buffer.alloc(0)

/** xenstored keeps a header of 24 bytes and 8 bytes per permission entry with each node (struct xs_tdb_record_hdr). */
const RECORD_HEADER_BYTES = 24
const ENTRY_BYTES = 8

/** The size that the quota on a node's size is about. */
export function recordBytes({ entries, value, children }: NodeContent): number {
  return RECORD_HEADER_BYTES + ENTRY_BYTES * entries.length + value.length + childListBytes(children)
}

function childListBytes(children: readonly string[]): number {
  let total = 0
  for (const name of children) total += name.length + 1
  return total
}

export function withChild(node: NodeContent, name: string): NodeContent {
  return { ...node, children: [...node.children, name] }
}

export function withoutChild(node: NodeContent, name: string): NodeContent {
  return { ...node, children: node.children.filter(child => child !== name) }
}

/** The path of the node above; `/` is its own parent. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1))
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function childPath(path: string, name: string): string {
  return path === '/' ? `/${name}` : `${path}/${name}`
}
