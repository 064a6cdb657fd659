import { existsSync } from 'node:fs'
import { Contestant } from '../contestant.ts'
import type { Course } from '../course.ts'
import { profileOf } from '../profile.ts'
import { OURS, PYTHON, PYXS_READS } from '../programs.ts'
import { atLeast, atMost, type Goal, isMet, type Row } from '../row.ts'
import { type Schedule, sideBySide } from '../side-by-side.ts'

const PYXS = '/usr/lib/python3/dist-packages/pyxs'
/** The guest's name: as short as most values. */
const NODE = '/local/domain/6/name'
const IN_FLIGHT = '64'

interface Race {
  readonly name: string
  readonly goal: Goal
  readonly inFlight: string
  readonly schedule: Schedule
  readonly unit: string
  readonly opponent: string
}

/** READs by our client against others that do the same: one at a time, and many in flight. */
export async function readRows(course: Course): Promise<Row[]> {
  const { native, daemon } = course
  const socket = course.dom0Socket
  const race = async (
    { name, goal, inFlight, schedule, unit, opponent }: Race,
    program: string,
    args: string[],
  ): Promise<Row> => {
    const ours = new Contestant(process.execPath, [OURS.reads, socket, NODE, inFlight])
    const theirs = new Contestant(program, [...args, socket, NODE])
    const result = await sideBySide(ours, theirs, schedule).finally(() => Promise.all([ours.stop(), theirs.stop()]))
    const detail = `${result.ours.toFixed(1)} ${unit}, ${opponent} ${result.theirs.toFixed(1)}`
    const row: Row = { name, daemon, goal, value: result.ratio, detail }
    if (isMet(row) === false) {
      course.missed(row, await profileOf('client', [OURS.reads, socket, NODE, inFlight], schedule))
    }
    return row
  }

  const single: Race = {
    name: 'READ one at a time: time / libxenstore',
    goal: atMost(1),
    inFlight: '1',
    schedule: { count: 2_000, rounds: 11, warmUp: 3 },
    unit: 'µs',
    opponent: 'libxenstore',
  }
  const many: Race = {
    name: '64 READs in flight: rate / raw C',
    goal: atLeast(0.9),
    inFlight: IN_FLIGHT,
    schedule: { count: 10_000, rounds: 11, warmUp: 4 },
    unit: 'READs/s',
    opponent: 'raw C',
  }
  const python: Race = {
    ...many,
    name: '64 READs in flight: rate / pyxs',
    goal: atLeast(6),
    schedule: { count: 5_000, rounds: 5, warmUp: 3 },
    opponent: 'pyxs',
  }
  const rows = [await race(single, native.libxenstoreRead, []), await race(many, native.pipelinedRead, [])]
  if (existsSync(PYXS)) return [...rows, await race(python, PYTHON, [PYXS_READS, IN_FLIGHT])]
  const detail = 'install python3-pyxs (apt-get install python3-pyxs)'
  return [...rows, { name: python.name, daemon, goal: python.goal, value: undefined, detail }]
}
