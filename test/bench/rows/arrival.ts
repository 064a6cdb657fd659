import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PciFront } from '@stubdom/demo'
import { connect, type Stubdomain } from '@stubdom/dom0-agent'
import { type Course, DOMAINS, end } from '../course.ts'
import { atMost, type Row } from '../row.ts'
import { median } from '../side-by-side.ts'

const DEVICE = '0000:03:00.0'
const LOCAL = '0000:00:00.0'
const VDEV = '0000:00:00.00'

/** Milliseconds after the command at which the device’s entry in sysfs appears, and how often that is tried. */
const LATENESS = [
  { ms: 0, rounds: 15 },
  { ms: 50, rounds: 15 },
  { ms: 400, rounds: 11 },
  { ms: 3_000, rounds: 5 },
] as const
const CLOSINGS = 15
/** Long enough for the agent to be waiting. */
const WAITING_MS = 100

/** How long after its device has appeared an attach is answered; and how long after the frontend has closed it fails. */
export async function arrivalRows(course: Course): Promise<Row[]> {
  const { daemon } = course
  const pciFront = new PciFront(course.xenstored.dom0, DOMAINS.stubdomain, join(course.dir, 'sys'))
  await pciFront.assign([{ machine: DEVICE, local: VDEV }])
  const agent = await course.startAgent({ more: ['--sysfs', pciFront.sysfs] })
  const dom0 = await connect({ xenstore: course.dom0Socket })
  try {
    const stubdomain = await dom0.stubdomain(DOMAINS.name)
    // What is compiled at run time needs some.
    for (let i = 0; i < 3; i++) await attachedAfter(0, stubdomain, pciFront)
    const rows: Row[] = []
    for (const { ms, rounds } of LATENESS) {
      const times: number[] = []
      for (let round = 0; round < rounds; round++) times.push(await attachedAfter(ms, stubdomain, pciFront))
      const name = `pci-attach, sysfs ${ms} ms late: ms more than that`
      rows.push({ name, daemon, value: median(times), goal: atMost(30), detail: spread(times) })
    }
    const times: number[] = []
    for (let round = 0; round < CLOSINGS; round++) times.push(await failedAfter(stubdomain, pciFront))
    const name = 'pci-attach, the frontend closes: ms until it fails'
    rows.push({ name, daemon, value: median(times), goal: atMost(100), detail: spread(times) })
    return rows
  } finally {
    await dom0.close()
    await end(agent)
    await pciFront.remove()
  }
}

/** Milliseconds from when the device was there until the answer was. */
async function attachedAfter(late: number, stubdomain: Stubdomain, pciFront: PciFront): Promise<number> {
  if (late === 0) await pciFront.appear(LOCAL)
  let thereAt = performance.now()
  const attached = stubdomain.pciAttach({ bdf: DEVICE }).result
  if (late > 0) {
    await sleep(late)
    await pciFront.appear(LOCAL)
    thereAt = performance.now()
  }
  await attached
  const took = performance.now() - thereAt
  await stubdomain.pciDetach({ bdf: DEVICE }).result
  await pciFront.disappear(LOCAL)
  return took
}

async function failedAfter(stubdomain: Stubdomain, pciFront: PciFront): Promise<number> {
  const failed = stubdomain.pciAttach({ bdf: DEVICE }).result.then(
    () => Promise.reject(new Error('a device was attached that was never there')),
    () => performance.now(),
  )
  await sleep(WAITING_MS)
  const closedAt = performance.now()
  await pciFront.enter('5')
  const took = (await failed) - closedAt
  await pciFront.enter('4')
  return took
}

function spread(times: readonly number[]): string {
  return `${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)}, ${times.length} times`
}
