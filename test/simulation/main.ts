import { parseArgs } from 'node:util'
import { generatePlan } from './plan/generate.ts'
import { PLANTED_BUGS } from './planted.ts'
import { reportFailure } from './report.ts'
import { runPlan } from './run.ts'

const HELP = `usage: npm run simulate -- [options]

Runs whole worlds of dom0 processes, agents, xenstoreds and QEMUs in virtual time, each decided by its seed, and checks that every promise was kept.

  --seeds N      how many (default: 3000)
  --from S       the first one (default: 1)
  --seed S       this one alone, and print all that happens in it
  --bug NAME     with a bug planted: ${Object.keys(PLANTED_BUGS).join(', ')}
  --keep-going   go on after a failure
  --json         print the outcome as JSON
  --help

Exit codes: 0 all promises kept; 1 one was not; 2 wrong command line.
`

interface Options {
  readonly seeds: number
  readonly from: number
  readonly seed: number | undefined
  readonly bug: keyof typeof PLANTED_BUGS | undefined
  readonly keepGoing: boolean
  readonly json: boolean
}

/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 10_000

async function main(argv: readonly string[]): Promise<number> {
  let options: Options | undefined
  try {
    options = parse(argv)
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

async function runMany({ seeds, from, keepGoing, json }: Options): Promise<number> {
  const started = performance.now()
  const failed: { seed: number; promise: string; text: string }[] = []
  let calls = 0
  let told = started
  let seed = from
  for (; seed < from + seeds; seed++) {
    const plan = generatePlan(seed)
    const { world, violations } = await runPlan(plan)
    calls += world.calls.length
    const [first] = violations
    if (first) {
      failed.push({ seed, promise: first.promise, text: first.text })
      if (!json) console.log(await reportFailure(plan, first))
      if (!keepGoing) break
    }
    if (!json && performance.now() - told > PROGRESS_MS) {
      told = performance.now()
      console.error(`${seed + 1 - from} of ${seeds} seeds, ${failed.length} failed`)
    }
  }
  const ran = Math.min(seed + 1 - from, seeds)
  const ms = Math.round(performance.now() - started)
  if (json) console.log(JSON.stringify({ seeds: ran, from, calls, failed, ms }))
  else console.log(`${ran} seeds from ${from}, ${calls} calls, ${failed.length} failed, ${(ms / 1_000).toFixed(1)} s`)
  return failed.length === 0 ? 0 : 1
}

/**
 * What the command line asks for; undefined when that is help.
 * @throws Error that says what is wrong with it
 */
function parse(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      bug: { type: 'string' },
      'keep-going': { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return undefined
  const { bug } = values
  if (bug !== undefined && !Object.hasOwn(PLANTED_BUGS, bug)) {
    throw new Error(`--bug ${bug}: one of ${Object.keys(PLANTED_BUGS).join(', ')} is wanted`)
  }
  return {
    seeds: numberIn('--seeds', values.seeds) ?? 3_000,
    from: numberIn('--from', values.from) ?? 1,
    seed: numberIn('--seed', values.seed),
    bug: bug as Options['bug'],
    keepGoing: values['keep-going'] === true,
    json: values.json === true,
  }
}

function numberIn(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`${option} ${text}: a number from 0 to 999999999 is wanted`)
}

process.exitCode = await main(process.argv.slice(2))
