import { layOutDomains } from '@stubdom/demo'
import { Contestant } from '../contestant.ts'
import { type Course, DOMAINS, end } from '../course.ts'
import { OURS } from '../programs.ts'
import { atMost, type Row } from '../row.ts'
import { median } from '../side-by-side.ts'

/** A stubdomain in which somebody hostile has taken over. */
const HOSTILE = { guest: 20, stubdomain: 21, name: 'hvm2' } as const
/** Writes a second, in both arms. */
const RATE = 10_000
const PINGS = 250
const ROUNDS = 16
const WARM_UP_PINGS = 3_000
const MB = 1024 * 1024

/** How a stubdomain is served while another one floods what dom0 listens to, beside the same writes to nodes that nobody watches: xenstored's own share. */
export async function floodRows(course: Course): Promise<Row[]> {
  const { daemon, dom0Socket, xenstored } = course
  await xenstored.hypervisor.create(HOSTILE.guest)
  await xenstored.hypervisor.create(HOSTILE.stubdomain)
  await layOutDomains(xenstored.dom0, HOSTILE)
  const agent = await course.startAgent()
  const socket = xenstored.domainSocketPath(HOSTILE.stubdomain)
  const flood = new Contestant(process.execPath, [OURS.flood, socket, `${HOSTILE.guest}`, `${RATE}`])
  const dom0 = new Contestant(process.execPath, ['--expose-gc', OURS.beside, dom0Socket, DOMAINS.name, HOSTILE.name])
  try {
    // A process that has worked for a while, as a session in dom0 has.
    await flood.ask('elsewhere')
    await dom0.ask(`warm-up ${WARM_UP_PINGS}`)
    await flood.ask('nothing')
    const before = await reportOf(dom0)
    const rates: Record<Arm, number[]> = { watched: [], elsewhere: [] }
    for (let round = 0; round < ROUNDS; round++) {
      for (const arm of round % 2 ? ARMS : ARMS.toReversed()) {
        await flood.ask(arm)
        await dom0.ask(`${arm} ${PINGS}`)
        rates[arm].push(Number(await flood.ask('nothing')))
      }
    }
    const { p99, rss, kept } = await reportOf(dom0)
    const [watched, elsewhere] = [p99['watched'] ?? Number.NaN, p99['elsewhere'] ?? Number.NaN]
    const detail = ARMS.map(arm => `${arm}: ${p99[arm]?.toFixed(0)} µs at ${median(rates[arm])} writes/s`).join(', ')
    const grown = (rss - before.rss) / MB
    const memory = `${(rss / MB).toFixed(0)} MB resident, ${((kept - before.kept) / MB).toFixed(1)} MB more kept`
    return [
      { name: 'ping beside a flood: p99 / unwatched', daemon, value: watched / elsewhere, goal: atMost(1.5), detail },
      {
        name: 'dom0’s memory in a flood: MB grown',
        daemon,
        value: grown,
        goal: atMost(20),
        detail: memory,
      },
    ]
  } finally {
    flood.kill()
    dom0.kill()
    await Promise.all([flood.stop(), dom0.stop(), end(agent)])
  }
}

const ARMS = ['watched', 'elsewhere'] as const
type Arm = (typeof ARMS)[number]

async function reportOf(dom0: Contestant): Promise<Report> {
  return JSON.parse(await dom0.ask('report')) as Report
}

interface Report {
  readonly p99: Readonly<Record<string, number>>
  readonly rss: number
  readonly kept: number
}
