import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { XenstoreClient } from '@stubdom/xenstore'
import { Contestant } from '../contestant.ts'
import { CountingProxy, type Operation } from '../counting-proxy.ts'
import { CONTROL_DIRECTORY, type Course, DOMAINS, end } from '../course.ts'
import { OURS } from '../programs.ts'
import { atMost, type Goal, type Row } from '../row.ts'

const WARM_UP = 20
/** Source: Xen, xs_wire.h (enum xsd_sockmsg_type). */
const TRANSACTION_START = 6
const RM = 13
const QUIET_MS_MAX = 10_000

/** How the commands are given, and what each may cost. So many that dom0 hears of all: it listens to 500 events a second, and a claim is one more. */
const SERIES = [
  { name: 'ping', command: 'ping', commands: 200, inFlight: 1, critical: 4, all: 6 },
  { name: 'ping, 8 in flight', command: 'ping', commands: 200, inFlight: 8, critical: 4, all: 6 },
  { name: 'dm-cont (with a claim)', command: 'dm-cont', commands: 100, inFlight: 1, critical: undefined, all: 8 },
] as const

/** Every operation of dom0 and of the agent passes a proxy that counts it, from the first command until nothing is left of any. */
export async function operationRows(course: Course): Promise<Row[]> {
  const operations: Operation[] = []
  const dom0Path = join(course.dir, 'dom0')
  const agentPath = join(course.dir, 'agent')
  const proxies = [
    await CountingProxy.listen(dom0Path, course.dom0Socket, operations),
    await CountingProxy.listen(agentPath, course.stubdomainSocket, operations),
  ]
  const agent = await course.startAgent({ socket: agentPath })
  try {
    const rows: Row[] = []
    for (const series of SERIES) {
      const dom0 = [OURS.commands, dom0Path, DOMAINS.name, series.command, `${series.inFlight}`]
      await run(course, new Contestant(process.execPath, dom0), series.commands, operations)
      const counted = summary(operations, series.commands)
      const row = (what: string, value: number, goal: Goal | undefined, detail = ''): Row => {
        return { name: `${series.name}: ${what}`, daemon: course.daemon, value, goal, detail }
      }
      rows.push(
        row('operations on the critical path', counted.critical, series.critical && atMost(series.critical)),
        row('operations in all', counted.all, atMost(series.all), counted.others),
        row('transactions', counted.transactions, atMost(0)),
      )
    }
    return rows
  } finally {
    await end(agent)
    for (const proxy of proxies) proxy.close()
  }
}

interface Counted {
  /** The most that any command needed before dom0 removed its request. */
  readonly critical: number
  /** On average. */
  readonly all: number
  readonly transactions: number
  readonly others: string
}

/** Leaves in `operations` what the commands caused. */
async function run(course: Course, dom0: Contestant, commands: number, operations: Operation[]): Promise<void> {
  try {
    await dom0.round(WARM_UP) // The connection is made, the watches are registered, hello is read.
    await quiet(course)
    operations.length = 0
    await dom0.round(commands)
    await quiet(course)
  } finally {
    await dom0.stop()
  }
}

function summary(operations: readonly Operation[], commands: number): Counted {
  const critical = new Map<string, number>()
  const collected = new Set<string>()
  let others = 0
  for (const { type, path } of operations) {
    const id = /\/(?:request|response)\/[^/]+\/([^/]+)$/.exec(path)?.[1]
    if (id === undefined) others++
    else if (type === RM) collected.add(id)
    else if (!collected.has(id)) critical.set(id, (critical.get(id) ?? 0) + 1)
  }
  return {
    critical: Math.max(...critical.values()),
    all: operations.length / commands,
    transactions: operations.filter(({ type, transactionId }) => type === TRANSACTION_START || transactionId > 0)
      .length,
    others: `${commands} commands; ${others} operations that belong to none`,
  }
}

/** Waits until nothing is left of any command, and then until dom0 may be told of as many events again. */
async function quiet({ xenstored }: Course): Promise<void> {
  const deadline = performance.now() + QUIET_MS_MAX
  const directories = ['dom0/request', 'stubdom/response'].map(path => `${CONTROL_DIRECTORY}/${path}`)
  for (;;) {
    const left = await Promise.all(directories.map(path => leftBelow(xenstored.dom0, path)))
    if (!left.some(Boolean)) break
    if (performance.now() > deadline) throw new Error('commands are left behind')
    await sleep(20)
  }
  await sleep(1_000)
}

async function leftBelow(dom0: XenstoreClient, path: string): Promise<number> {
  const commands = await dom0.list(path)
  const ids = await Promise.all(commands.map(command => dom0.list(`${path}/${command}`)))
  return ids.flat().length
}
