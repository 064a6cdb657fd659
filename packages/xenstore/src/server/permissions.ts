import { type Access, decodeAcl, encodeAcl } from '../acl.ts'

/** What a caller may do with a node, as bits. */
export const Right = { READ: 1, WRITE: 2, OWNER: 4 } as const

const RIGHTS_OF: Readonly<Record<Access, number>> = {
  none: 0,
  read: Right.READ,
  write: Right.WRITE,
  both: Right.READ | Right.WRITE,
}

/** One permission entry of a node. The first one of a list names the owner and what those who are not listed may do. */
export interface Entry {
  readonly domid: number
  readonly access: Access
  /**
   * The entry names a domain that did not exist when it was set, or that has died since. It is still shown, but a later
   * domain with that number gets nothing by it (XSA-322; XS_PERM_IGNORE in xenstored).
   */
  readonly dead: boolean
}

/** Never empty: every node has an owner. */
export type Entries = readonly [owner: Entry, ...grants: Entry[]]

/** Who asks: a domain, and for a stubdomain the domain it works for. */
export interface Caller {
  readonly domid: number
  readonly privileged: boolean
  readonly target: { readonly domid: number } | undefined
}

export const DOM0_ONLY: Entries = [{ domid: 0, access: 'none', dead: false }]

/** Source: xenstored_core.c, perm_for_conn. */
export function rightsOf({ domid, privileged, target }: Caller, [owner, ...grants]: Entries): number {
  const isCaller = (id: number) => id === domid || id === target?.domid
  if (privileged || isCaller(owner.domid)) return Right.READ | Right.WRITE | Right.OWNER
  const grant = grants.find(entry => !entry.dead && isCaller(entry.domid))
  return RIGHTS_OF[(grant ?? owner).access]
}

/** The wire's strings as entries; undefined when one is malformed or there is none. */
export function parseEntries(strings: readonly string[], isKnown: (domid: number) => boolean): Entries | undefined {
  const acl = decodeAcl(strings)
  if (!acl) return undefined
  const entry = (domid: number, access: Access): Entry => ({ domid, access, dead: !isKnown(domid) })
  return [entry(acl.owner, acl.others), ...acl.grants.map(grant => entry(grant.domid, grant.access))]
}

export function formatEntries([owner, ...grants]: Entries): string[] {
  return encodeAcl({ owner: owner.domid, others: owner.access, grants })
}

/** What a domain gets that creates a node below one with these entries: it owns the node, the rest is inherited. */
export function inheritedBy(caller: Caller, [owner, ...grants]: Entries): Entries {
  return [caller.privileged ? owner : { ...owner, domid: caller.domid }, ...grants]
}

export function killed(entry: Entry): Entry {
  return { ...entry, dead: true }
}

/** The entries without a domain that is gone; what it owned is domain 0's. */
export function withoutDomain([owner, ...grants]: Entries, domid: number): Entries {
  return [owner.domid === domid ? { ...owner, domid: 0 } : owner, ...grants.filter(grant => grant.domid !== domid)]
}
