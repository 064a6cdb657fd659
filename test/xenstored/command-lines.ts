import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Quotas } from '@stubdom/xenstore'
import { DAEMON_PROGRAMS } from './daemons.ts'
import { TestUsageError } from './errors.ts'

export interface CommandLineOptions {
  /** Further arguments for the daemon's program. */
  readonly args?: readonly string[] | undefined
  /** Other limits for unprivileged domains than the daemon's own. */
  readonly quotas?: Partial<Quotas> | undefined
}

type Names = Readonly<Record<keyof Quotas, string | undefined>>

const C_OPTIONS: Names = {
  nodes: '--entry-nb=',
  nodeBytes: '--entry-size=',
  watches: '--watch-nb=',
  transactions: '--transaction=',
  permissions: '--perm-nb=',
  transactionNodes: '--quota=transaction-nodes=',
  pathBytes: '--path-max=',
}

/** oxenstored limits a node's value, not its whole record, and a transaction's requests, not its nodes. */
const OCAML_SETTINGS: Names = {
  nodes: 'quota-maxentity = ',
  nodeBytes: 'quota-maxsize = ',
  watches: 'quota-maxwatch = ',
  transactions: 'quota-transaction = ',
  permissions: undefined,
  transactionNodes: 'quota-maxrequests = ',
  pathBytes: 'quota-path-max = ',
}

/** What Debian's /etc/xen/oxenstored.conf says; the last of several equal settings counts. */
const DEBIAN_SETTINGS = `
test-eagain = false
merge-activate = true
conflict-burst-limit = 5.0
conflict-max-history-seconds = 0.05
conflict-rate-limit-is-aggregate = true
perms-activate = true
perms-watch-activate = true
quota-activate = true
quota-maxentity = 1000
quota-maxsize = 2048
quota-maxwatch = 100
quota-transaction = 10
quota-maxrequests = 1024
quota-path-max = 1024
quota-maxoutstanding = 1024
quota-maxwatchevents = 1024
persistent = false
xenstored-kva = /proc/xen/xsd_kva
xenstored-port = /proc/xen/xsd_port
`

/** The program and its arguments; makes the files in `dir` that it needs. */
export async function commandLine(
  daemon: 'c' | 'ocaml',
  dir: string,
  { args = [], quotas = {} }: CommandLineOptions,
): Promise<string[]> {
  if (daemon === 'c') {
    // In the foreground, nodes in memory.
    return [DAEMON_PROGRAMS.c, '--no-fork', '--internal-db', ...settings(C_OPTIONS, quotas), ...args]
  }
  const file = join(dir, 'oxenstored.conf')
  const own = [
    `pid-file = ${dir}/pid`,
    `xenstored-log-file = ${dir}/log`,
    'xenstored-log-level = warn',
    `access-log-file = ${dir}/access.log`,
    ...settings(OCAML_SETTINGS, quotas),
  ]
  await writeFile(file, `${DEBIAN_SETTINGS}${own.join('\n')}\n`)
  return [DAEMON_PROGRAMS.ocaml, '--no-fork', '--config-file', file, ...args]
}

/** @throws TestUsageError for a quota that the daemon does not have */
function settings(names: Names, quotas: Partial<Quotas>): string[] {
  return Object.entries(quotas).map(([quota, value]) => {
    const name = names[quota as keyof Quotas]
    if (name === undefined) throw new TestUsageError(`This daemon has no quota "${quota}"`)
    return `${name}${value}`
  })
}
