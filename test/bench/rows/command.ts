import { Contestant } from '../contestant.ts'
import { type Course, DOMAINS, end } from '../course.ts'
import { profileOf, withProfiles } from '../profile.ts'
import { OURS } from '../programs.ts'
import { atMost, isMet, type Row } from '../row.ts'
import { type Schedule, sideBySide } from '../side-by-side.ts'

/** A domain of its own, for the floor. */
const FLOOR_DOMID = 9

/** dom0 listens to 500 events of a stubdomain a second, and a command makes two: more at a time would be looked for at intervals only. */
const SCHEDULE: Schedule = { count: 100, rounds: 15, warmUp: 10, pauseMs: 400 }
const PROFILE_ROUNDS = 8

/** One `ping` between two processes against a pair in C that does the same four operations and waits for the same two events. */
export async function commandRows(course: Course): Promise<Row[]> {
  const { daemon, dom0Socket } = course
  const agent = await course.startAgent()
  const ping = [OURS.commands, dom0Socket, DOMAINS.name, 'ping', '1']
  const ours = new Contestant(process.execPath, ping)
  try {
    const result = await withFloor(course, floor => sideBySide(ours, floor, SCHEDULE))
    const detail = `${result.ours.toFixed(1)} µs, C pair ${result.theirs.toFixed(1)}`
    const row: Row = { name: 'ping: time / floor', daemon, value: result.ratio, goal: atMost(1.3), detail }
    if (isMet(row) !== false) return [row]
    await end(agent)
    course.missed(row, await profileBothSides(course, ping))
    return [row]
  } finally {
    await ours.stop()
    await end(agent)
  }
}

/** The pair in C, in a domain beside the stubdomain. */
async function withFloor<T>({ xenstored, native }: Course, race: (floor: Contestant) => Promise<T>): Promise<T> {
  const directory = `/local/domain/${FLOOR_DOMID}/data/floor`
  await xenstored.createDomain(FLOOR_DOMID)
  for (const side of ['request', 'response']) await xenstored.dom0.mkdir(`${directory}/${side}/ping`)
  const answers = new Contestant(native.floorAnswers, [xenstored.domainSocketPath(FLOOR_DOMID), directory])
  await answers.line()
  const asks = new Contestant(native.floorAsks, [xenstored.socketPath, directory])
  try {
    return await race(asks)
  } finally {
    answers.kill()
    await Promise.all([asks.stop(), answers.stop()])
  }
}

function profileBothSides(course: Course, ping: readonly string[]): Promise<string> {
  const schedule = { count: SCHEDULE.count, rounds: PROFILE_ROUNDS, pauseMs: SCHEDULE.pauseMs }
  return withProfiles('agent', async flags => {
    const agent = await course.startAgent({ bundle: OURS.agent, flags })
    try {
      return await profileOf('dom0', ping, schedule)
    } finally {
      await end(agent, 'SIGTERM')
    }
  })
}
