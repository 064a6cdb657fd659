import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { Coverage } from './coverage.ts'
import { save } from './found.ts'
import type { Found, RunReport } from './run.ts'
import { supervise } from './supervisor.ts'
import { TARGET_NAMES, targetsNamed } from './targets/index.ts'
import { startThread } from './thread.ts'

const HELP = `usage: npm run fuzz -- [options]

Gives decoders and parsers inputs that were made from valid ones by chance, and looks whether they keep what they promise.

  --minutes N      how long (default: 1, unless --inputs is given)
  --inputs N       how many, of all targets together
  --target NAME    what to try (default: all): ${TARGET_NAMES.join(', ')}
  --seed N         decides the inputs (default: from the clock)
  --json FILE      writes the report there, too

An input that breaks a promise is made smaller, printed, and saved in test/fuzz/found, where npm test runs it again.
Exit codes: 0 nothing found; 1 something found; 2 wrong command line.
`

/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 10_000

const values = readCommandLine()
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const target = values.target ?? 'all'
const targets = targetsNamed(target) ?? usage(`there is no target ${target}`)
const inputs = number(values.inputs, Number.POSITIVE_INFINITY)
const minutes = values.minutes === undefined && values.inputs !== undefined ? undefined : number(values.minutes, 1)
const seed = Math.trunc(number(values.seed, (Date.now() % 2 ** 31) + 1))

process.stdout.write(`seed ${seed}, ${targets.length} targets\n`)
const begun = performance.now()
let told = begun
const names = targets.map(({ name }) => name)
const { report, found, rssBytesMax } = await supervise({ targets: target, seed, inputs, minutes }, names, {
  progress: runs => {
    if (performance.now() - told < PROGRESS_MS) return
    told = performance.now()
    process.stdout.write(`${runs} inputs in ${Math.round((told - begun) / 1_000)} s\n`)
  },
  found: print,
})
const seconds = (performance.now() - begun) / 1_000
const coverage = report ? await measureCoverage(report) : []
process.stdout.write(summary(report, coverage))
if (values.json !== undefined) {
  const document = {
    seed,
    seconds,
    rssBytesMax,
    targets: report?.targets.map(({ corpus, ...rest }) => ({ ...rest, kept: corpus.length })),
    coverage,
    found: found.map(({ input, ...rest }) => ({ ...rest, input: Buffer.from(input).toString('base64') })),
  }
  await writeFile(values.json, `${JSON.stringify(document, undefined, 2)}\n`)
}
process.exitCode = found.length === 0 ? 0 : 1

function print({ target: name, input, problem }: Found): void {
  const shown = JSON.stringify(Buffer.from(input).toString('latin1')).replace(/[^\x20-\x7e]/g, '?')
  process.stdout.write(`FOUND in ${name}: ${problem}\n  input (latin1): ${shown}\n  saved as ${save(name, input)}\n`)
}

async function measureCoverage({ targets: reports }: RunReport): Promise<Coverage[]> {
  const worker = startThread('coverage.ts', { workerData: reports })
  const [measured] = (await once(worker, 'message')) as [Coverage[]]
  return measured
}

function summary(done: RunReport | undefined, covered: readonly Coverage[]): string {
  if (!done) return 'The thread did not come to its end.\n'
  const runs = done.targets.reduce((sum, one) => sum + one.runs, 0)
  const rows = done.targets.map(
    one =>
      `  ${one.target.padEnd(24)} ${`${one.runs}`.padStart(9)} inputs  ${`${Math.round((one.runs / one.ms) * 1_000)}`.padStart(7)}/s  ${`${one.outcomes}`.padStart(5)} outcomes  ${`${one.corpus.length}`.padStart(5)} kept`,
  )
  const files = covered.map(({ file, blocks, reached }) => `  ${file.padEnd(48)} ${reached} of ${blocks} blocks`)
  return [
    ...rows,
    'the kept inputs reach',
    ...files,
    `${runs} inputs in ${seconds.toFixed(0)} s (${Math.round(runs / seconds)}/s), at most ${Math.round(rssBytesMax / 1_000_000)} MB: ${found.length} found`,
    '',
  ].join('\n')
}

function number(text: string | undefined, standard: number): number {
  const value = text === undefined ? standard : Number(text)
  return value > 0 ? value : usage(`${text} is no number above 0`)
}

function usage(problem: string): never {
  process.stderr.write(`${problem}\n\n${HELP}`)
  process.exit(2)
}

function readCommandLine() {
  try {
    const text = { type: 'string' } as const
    return parseArgs({
      options: { minutes: text, inputs: text, target: text, seed: text, json: text, help: { type: 'boolean' } },
    }).values
  } catch (error) {
    return usage((error as Error).message)
  }
}
