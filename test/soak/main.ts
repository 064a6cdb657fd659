import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { isGood, outcomeText, periodText } from './report.ts'
import { soak } from './soak.ts'

const HELP = `usage: npm run soak -- [options]

Three stubdomains on one C xenstored, commands of all kinds and faults at random, for as long as you like; then says whether anything grew.

  --minutes N     how long (default: 30)
  --interval N    seconds between two samples (default: 60)
  --seed N        decides faults and commands (default: from the clock)
  --json FILE     writes everything there, too

Exit codes: 0 nothing grew and nothing happened that must not; 1 it did; 2 wrong command line.
`

const number = (text: string | undefined, standard: number, smallest: number): number => {
  const value = text === undefined ? standard : Number(text)
  if (Number.isFinite(value) && value >= smallest) return value
  process.stderr.write(`${text} is no number, or less than ${smallest}\n\n${HELP}`)
  process.exit(2)
}

const { values } = readCommandLine()
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const minutes = number(values.minutes, 30, 0.01)
const interval = number(values.interval, 60, 1)
const seed = Math.trunc(number(values.seed, Date.now() % 2 ** 31, 0))
process.stdout.write(`seed ${seed}, ${minutes} minutes, a sample every ${interval} s of work\n`)
const outcome = await soak({ seed, seconds: 60 * minutes, interval }, period =>
  process.stdout.write(`${periodText(period)}\n`),
)
process.stdout.write(`\n${outcomeText(outcome)}\n`)
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(outcome, undefined, 2)}\n`)
process.exitCode = isGood(outcome) ? 0 : 1

function readCommandLine() {
  try {
    const text = { type: 'string' } as const
    return parseArgs({ options: { minutes: text, interval: text, seed: text, json: text, help: { type: 'boolean' } } })
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`)
    process.exit(2)
  }
}
