import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

export interface LabOptions {
  readonly mode: 'test' | 'shell' | 'bench'
  /** Only tests whose name contains one of these. */
  readonly filters: readonly string[]
  /** Boot anew although there is a snapshot to go on from. */
  readonly fresh: boolean
  /** Whether guests are laid out for later runs to begin with. */
  readonly prepares: boolean
  /** How many machines all tests are divided among. */
  readonly machines: 1 | 2
  /** The whole run is over after this many seconds. */
  readonly timeLimit: number
  /** Where the report goes as JSON, in vitest's form; for `bench` the table. */
  readonly json: string | undefined
}

/** The command line is wrong; the message says how. */
export class LabUsageError extends Error {
  override readonly name = 'LabUsageError'
}

export const HELP = `usage: npm run lab [-- [options] [FILTER…]]

Runs the tests on a real Xen, emulated: hypervisor, dom0, an HVM guest with a stubdomain, PCI passthrough. A FILTER is a part of a test's name.

  --shell              a shell in dom0, with a guest and devices to play with; Ctrl-] leaves
  --bench              measures side by side with stock xl
  --fresh              boots anew instead of going on from a snapshot
  --machines 1|2       one machine, or two side by side for all tests (default: 2, with two processors)
  --time-limit SECONDS the whole run is over after this time (default: 1800; --shell: none)
  --json FILE          the report, as vitest's JSON reporter has it; of --bench, the table
`

/** @throws LabUsageError */
export function parseOptions(argv: readonly string[]): LabOptions | 'help' {
  const { values, positionals } = parse(argv)
  if (values.help) return 'help'
  if (values.shell && values.bench) throw new LabUsageError('--shell or --bench, not both')
  const mode = values.shell ? 'shell' : values.bench ? 'bench' : 'test'
  const timeLimit = Number(values['time-limit'] ?? DEFAULT_TIME_LIMITS[mode])
  if (!(timeLimit > 0)) throw new LabUsageError(`--time-limit ${values['time-limit']}: a number of seconds is wanted`)
  const machines = Number(values.machines ?? Math.min(2, availableParallelism()))
  if (machines !== 1 && machines !== 2) throw new LabUsageError(`--machines ${values.machines}: 1 or 2 is wanted`)
  return {
    mode,
    filters: positionals,
    fresh: values.fresh ?? false,
    // On a machine that is made for one run nobody would begin with them.
    prepares: !process.env['CI'],
    machines,
    timeLimit,
    json: values.json,
  }
}

const DEFAULT_TIME_LIMITS = { test: 1800, bench: 1800, shell: 7 * 86_400 }

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        shell: { type: 'boolean' },
        bench: { type: 'boolean' },
        fresh: { type: 'boolean' },
        machines: { type: 'string' },
        'time-limit': { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new LabUsageError((error as Error).message)
  }
}
