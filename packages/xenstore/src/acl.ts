/**
 * A node's permissions as a typed value, and its wire form (`n0`, `r7`, …).
 * The first entry names the owner and says what everybody who is not listed may do; the others are grants.
 * Source: Xen, docs/misc/xenstore.txt.
 */

export type Access = 'none' | 'read' | 'write' | 'both'

export interface Grant {
  readonly domid: number
  readonly access: Access
}

export interface Acl {
  /** Owns the node: may do everything with it, and its quota pays for it. */
  readonly owner: number
  /** What domains that have no grant may do. */
  readonly others: Access
  readonly grants: readonly Grant[]
}

const LETTER_OF: Readonly<Record<Access, string>> = { none: 'n', read: 'r', write: 'w', both: 'b' }
const ACCESS_OF: Readonly<Record<string, Access>> = { n: 'none', r: 'read', w: 'write', b: 'both' }

/** The largest domid that can be a real domain (DOMID_FIRST_RESERVED - 1). */
export const DOMID_MAX = 0x7fef

/** `acl(0)` is `n0`; `acl(0, [7, 'read'])` is `n0,r7`. */
export function acl(owner: number, ...grants: readonly (readonly [domid: number, access: Access])[]): Acl {
  return { owner, others: 'none', grants: grants.map(([domid, access]) => ({ domid, access })) }
}

/** The wire's list, owner first: `['n0', 'r7']`. */
export function encodeAcl({ owner, others, grants }: Acl): string[] {
  return [{ domid: owner, access: others }, ...grants].map(({ domid, access }) => `${LETTER_OF[access]}${domid}`)
}

/** The reverse of {@link encodeAcl}; undefined when an entry is not of that form or there is none. */
export function decodeAcl(entries: readonly string[]): Acl | undefined {
  const grants: Grant[] = []
  for (const entry of entries) {
    const match = /^([nrwb])(\d{1,5})$/.exec(entry)
    const access = match && ACCESS_OF[match[1] ?? '']
    if (!access) return undefined
    grants.push({ access, domid: Number(match[2]) })
  }
  const [first, ...rest] = grants
  return first && { owner: first.domid, others: first.access, grants: rest }
}

/** As `xenstore-ls -p` prints it: `n0,r7`. */
export function formatAcl(value: Acl): string {
  return encodeAcl(value).join(',')
}
