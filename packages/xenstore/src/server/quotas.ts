/**
 * What an unprivileged domain may use. Domain 0 has none of these limits.
 * Source: xenstored_core.c's quota_* variables and the comparisons made with them, some of which let one more through.
 */
export interface Quotas {
  /** Nodes a domain may own. */
  readonly nodes: number
  /** A node's whole record has to be smaller than this many bytes; see `recordBytes`. */
  readonly nodeBytes: number
  /** A domain may register one watch more than this. */
  readonly watches: number
  /** A domain may have one open transaction more than this. */
  readonly transactions: number
  /** Permission entries of one node, the owner's included. */
  readonly permissions: number
  /** Nodes that one transaction may touch, the parents it looks at included. */
  readonly transactionNodes: number
  /** Characters of a path, counted from behind `/local/domain/<N>/` where it starts so. */
  readonly pathBytes: number
}

export const DEFAULT_QUOTAS: Quotas = {
  nodes: 1000,
  nodeBytes: 2048,
  watches: 128,
  transactions: 10,
  permissions: 5,
  transactionNodes: 1024,
  pathBytes: 2048,
}
