import { parseArgs } from 'node:util'
import { PLANTED_BUGS } from './planted.ts'

export const HELP = `usage: npm run simulate -- [options]

Runs whole worlds of dom0 processes, agents, xenstoreds and QEMUs in virtual time, each decided by its seed, and checks that every promise was kept.

  --seeds N      how many (default: 3000)
  --from S       the first one (default: 1)
  --seed S       this one alone, and print all that happens in it
  --jobs N       shared out to so many processes (default: 1)
  --bug NAME     with a bug planted: ${Object.keys(PLANTED_BUGS).join(', ')}
  --keep-going   go on after a failure
  --json         print the outcome as JSON
  --help

Exit codes: 0 all promises kept; 1 one was not; 2 wrong command line.
`

export interface Options {
  readonly seeds: number
  readonly from: number
  readonly seed: number | undefined
  readonly jobs: number
  readonly bug: keyof typeof PLANTED_BUGS | undefined
  readonly keepGoing: boolean
  readonly json: boolean
}

/**
 * What the command line asks for; undefined when that is help.
 * @throws Error that says what is wrong with it
 */
export function parseOptions(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      jobs: { type: 'string' },
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
    jobs: Math.max(numberIn('--jobs', values.jobs) ?? 1, 1),
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
