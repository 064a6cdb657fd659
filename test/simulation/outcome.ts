import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { PromiseName } from './check/violation.ts'
import type { Options } from './options.ts'
import { generatePlan } from './plan/generate.ts'
import { runPlan } from './run.ts'

/** How many worlds went. */
export interface Outcome {
  /** Worlds that were run. */
  readonly seeds: number
  readonly calls: number
  /** The first promise that each of them broke. */
  readonly failed: readonly { readonly seed: number; readonly promise: PromiseName; readonly text: string }[]
}

/** Runs them one after the other, up to the first that fails unless it is to go on. */
export async function runSeeds(
  { from, seeds, keepGoing }: Options,
  progress: (outcome: Outcome) => void,
): Promise<Outcome> {
  const failed: Outcome['failed'][number][] = []
  let calls = 0
  let ran = 0
  for (; ran < seeds; ran++) {
    const seed = from + ran
    const { world, violations } = await runPlan(generatePlan(seed))
    calls += world.calls.length
    const [first] = violations
    if (first) failed.push({ seed, promise: first.promise, text: first.text })
    progress({ seeds: ran + 1, calls, failed })
    if (first && !keepGoing) break
  }
  return { seeds: Math.min(ran + 1, seeds), calls, failed }
}

/** The same in several processes of this program, each with a part of the seeds. */
export async function runShared(options: Options): Promise<Outcome> {
  const share = Math.ceil(options.seeds / options.jobs)
  const starts = Array.from({ length: options.jobs }, (_, job) => job * share)
  const outcomes = await Promise.all(
    starts.map(start => inProcess(options, options.from + start, Math.min(share, options.seeds - start))),
  )
  return {
    seeds: outcomes.reduce((sum, { seeds }) => sum + seeds, 0),
    calls: outcomes.reduce((sum, { calls }) => sum + calls, 0),
    failed: outcomes.flatMap(({ failed }) => failed),
  }
}

async function inProcess({ bug, keepGoing }: Options, from: number, seeds: number): Promise<Outcome> {
  if (seeds <= 0) return { seeds: 0, calls: 0, failed: [] }
  const options = ['--json', '--from', `${from}`, '--seeds', `${seeds}`]
  if (bug !== undefined) options.push('--bug', bug)
  if (keepGoing) options.push('--keep-going')
  const [program = ''] = process.argv.slice(1)
  const child = await promisify(execFile)(process.execPath, [...process.execArgv, program, ...options]).catch(
    // It ends with 1 when a promise was broken, and says which.
    (error: Error & { stdout?: string }) => {
      if (!error.stdout) throw error
      return { stdout: error.stdout }
    },
  )
  return JSON.parse(child.stdout) as Outcome
}
