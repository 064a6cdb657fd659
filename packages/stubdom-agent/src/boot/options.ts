import { type ParseArgsConfig, parseArgs } from 'node:util'
import { type AgentOptions, parseOptions, UsageError } from '../options.ts'
import { pathsIn, type RunPaths } from './paths.ts'

/** What to do when QEMU ends. */
export const EXIT_POLICIES = ['exit', 'restart', 'stay'] as const
export type ExitPolicy = (typeof EXIT_POLICIES)[number]

export interface BootOptions {
  readonly agent: AgentOptions
  /** QEMU's program. */
  readonly qemu: string
  /** Arguments for QEMU that come before the toolstack's. */
  readonly qemuArguments: readonly string[]
  readonly onQemuExit: ExitPolicy
  /** What serves a vchan: stubdom-vchan, or Xen's vchan-socket-proxy; undefined: QMP is not offered over vchan. */
  readonly vchanProxy: string | undefined
  readonly paths: RunPaths
}

const QEMU = '/usr/libexec/xen-qemu-system-i386'
const VCHAN_PROXY = '/usr/bin/stubdom-vchan'
const RUN_DIR = '/run/stubdom-agent'

export const BOOT_HELP = `usage: stubdom-agent boot [options] [-- QEMU-ARGUMENT...]

Starts QEMU as the toolstack left its arguments in Xenstore, after those behind --, keeps it, and serves dom0's commands.

  --qemu PROGRAM         (default: ${QEMU})
  --on-qemu-exit POLICY  exit: end too; restart: start it again after a crash; stay: say so in status (default: stay)
  --vchan-proxy PROGRAM  offers QMP to libxl over vchan (default: ${VCHAN_PROXY}; off: does not)
  --run-dir DIR          for what is shared with QEMU (default: ${RUN_DIR})

The options of stubdom-agent --help but --qmp and --front hold too; consoles are /dev/hvc1 and /dev/hvc2 by default.

Exit codes: those of stubdom-agent; 3 QEMU ended by itself, with --on-qemu-exit=exit.
`

const OPTIONS = {
  qemu: { type: 'string', default: QEMU },
  'on-qemu-exit': { type: 'string', default: 'stay' },
  'vchan-proxy': { type: 'string', default: VCHAN_PROXY },
  'run-dir': { type: 'string', default: RUN_DIR },
} as const satisfies ParseArgsConfig['options']

/** What stands behind `boot` on the command line. @throws UsageError */
export function parseBootOptions(argv: readonly string[]): BootOptions | 'help' | 'version' {
  const end = argv.indexOf('--')
  const [own, qemuArguments] = end < 0 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)]
  const { values, rest } = split(own)
  if (rest.includes('--help')) return 'help'
  const ours = rest.find(argument => /^--(qmp|front|front-qmp)(=|$)/.test(argument))
  if (ours) throw new UsageError(`${ours}: boot starts a QEMU of its own and says where its sockets are`)

  const policy = EXIT_POLICIES.find(known => known === values['on-qemu-exit'])
  if (!policy)
    throw new UsageError(`--on-qemu-exit ${values['on-qemu-exit']}: one of ${EXIT_POLICIES.join(', ')} is wanted`)
  const paths = pathsIn(values['run-dir'])
  const vchanProxy = values['vchan-proxy'] === 'off' ? undefined : values['vchan-proxy']
  const consoles = ['--save-console', '/dev/hvc1', '--restore-console', '/dev/hvc2']
  const front = vchanProxy === undefined ? [] : ['--front', paths.front, '--front-qmp', paths.frontQmp]
  const agent = parseOptions([...consoles, ...rest, '--qmp', paths.agentQmp, ...front])
  if (typeof agent === 'string') return agent
  return {
    agent,
    qemu: values.qemu,
    qemuArguments,
    onQemuExit: policy,
    vchanProxy,
    paths,
  }
}

/** Takes out the options that only `boot` has; the rest is for the agent's own parser, errors included. */
function split(argv: readonly string[]) {
  const { values, tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true })
  const taken = new Set<number>()
  for (const token of tokens) {
    if (token.kind !== 'option' || !Object.hasOwn(OPTIONS, token.name)) continue
    if (!token.value) throw new UsageError(`--${token.name}: a value is missing`)
    taken.add(token.index)
    if (!token.inlineValue) taken.add(token.index + 1)
  }
  return {
    values: values as Record<keyof typeof OPTIONS, string>,
    rest: argv.filter((_, index) => !taken.has(index)),
  }
}
