import { HELP, type Options, parseOptions } from './options.ts'
import { type Outcome, runSeeds, runShared } from './outcome.ts'
import { generatePlan } from './plan/generate.ts'
import { PLANTED_BUGS } from './planted.ts'
import { reportFailure } from './report.ts'
import { runPlan } from './run.ts'

/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 10_000
/** Failures that are told in full. */
const REPORTS_MAX = 20

async function main(argv: readonly string[]): Promise<number> {
  let options: Options | undefined
  try {
    options = parseOptions(argv)
  } catch (error) {
    process.stderr.write(`simulate: ${(error as Error).message}\nTry: npm run simulate -- --help\n`)
    return 2
  }
  if (options === undefined) {
    process.stdout.write(HELP)
    return 0
  }
  if (options.bug !== undefined) PLANTED_BUGS[options.bug].plant()
  return options.seed === undefined ? runMany(options) : runOne(options.seed)
}

async function runOne(seed: number): Promise<number> {
  const { world, violations } = await runPlan(generatePlan(seed), true)
  for (const { at, text } of world.trace) console.log(`${at.toFixed(3).padStart(11)}  ${text}`)
  for (const { promise, text } of violations) console.log(`${promise}: ${text}`)
  return violations.length === 0 ? 0 : 1
}

async function runMany(options: Options): Promise<number> {
  const started = performance.now()
  const outcome = await (options.jobs > 1 ? runShared(options) : runSeeds(options, progressOf(options)))
  const { seeds, calls, failed } = outcome
  const ms = Math.round(performance.now() - started)
  if (options.json) console.log(JSON.stringify({ ...outcome, from: options.from, ms }))
  else {
    for (const { seed } of failed.slice(0, REPORTS_MAX)) console.log(`${await reportSeed(seed)}\n`)
    const time = `${(ms / 1_000).toFixed(1)} s`
    console.log(`${seeds} seeds from ${options.from}, ${calls} calls, ${failed.length} failed, ${time}`)
  }
  return failed.length === 0 ? 0 : 1
}

async function reportSeed(seed: number): Promise<string> {
  const plan = generatePlan(seed)
  const [first] = (await runPlan(plan)).violations
  return first
    ? reportFailure(plan, first)
    : `seed ${seed} broke a promise, and keeps it now: it depends on more than itself`
}

function progressOf({ seeds, json }: Options): (outcome: Outcome) => void {
  let told = performance.now()
  let named = 0
  return ({ seeds: ran, failed }) => {
    if (json) return
    for (const { seed, promise, text } of failed.slice(named)) console.error(`seed ${seed}: ${promise}: ${text}`)
    named = failed.length
    if (performance.now() - told < PROGRESS_MS) return
    told = performance.now()
    console.error(`${ran} of ${seeds} seeds, ${named} failed`)
  }
}

process.exitCode = await main(process.argv.slice(2))
