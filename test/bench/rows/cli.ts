import { start, stubdomctl } from '@stubdom/demo'
import { type Course, DOMAINS, end } from '../course.ts'
import type { Row } from '../row.ts'
import { median } from '../side-by-side.ts'

const ROUNDS = 9

/** A whole `stubdomctl ping` beside a Node that does nothing: what is left is ours. */
export async function cliRows(course: Course): Promise<Row[]> {
  const agent = await course.startAgent()
  const environment = { XENSTORED_PATH: course.dom0Socket }
  const ours: number[] = []
  const empty: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { exitCode, stderr, ms } = await stubdomctl(['ping', DOMAINS.name], environment)
    if (exitCode !== 0) throw new Error(`stubdomctl ping ended with ${exitCode}: ${stderr}`)
    ours.push(ms)
    empty.push((await start(process.execPath, ['-e', '0'], {}).finished).ms)
  }
  await end(agent)
  const detail = `an empty node ${median(empty).toFixed(1)} ms`
  return [{ name: 'stubdomctl ping: ms', daemon: course.daemon, value: median(ours), goal: undefined, detail }]
}
