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
  /** vchan-socket-proxy's program; undefined: QMP is not offered over vchan. */
  readonly vchanProxy: string | undefined
  readonly paths: RunPaths
}

export const BOOT_HELP = `usage: stubdom-agent boot [options] [-- QEMU-ARGUMENT...]

Is the user space of a stubdomain: starts QEMU as the toolstack left its arguments in Xenstore, keeps it, and serves dom0's commands.
What follows -- is given to QEMU before the toolstack's arguments: -- -L /usr/share/seabios

  --qemu PROGRAM          (default: /usr/libexec/xen-qemu-system-i386)
  --on-qemu-exit POLICY   exit: the agent ends too; restart: after a crash QEMU is started again, up to 5 times in a row; stay: the status
                          says how it ended, until the agent is told to stop (default: stay)
  --vchan-proxy PROGRAM   offers QMP to the toolstack over vchan; off: does not (default: /usr/lib/xen-4.17/bin/vchan-socket-proxy)
  --run-dir DIR           for sockets and what else is shared with QEMU (default: /run/stubdom-agent)
  --save-console PATH     (default: /dev/hvc1)
  --restore-console PATH  (default: /dev/hvc2)

The options of stubdom-agent --help but --qmp hold here too.

Exit codes: 0 told to stop, or QEMU was, with --on-qemu-exit=exit or restart; 1 another agent runs, or a fault; 2 wrong command line;
3 QEMU ended by itself, with --on-qemu-exit=exit.
`

const OPTIONS = {
  qemu: { type: 'string', default: '/usr/libexec/xen-qemu-system-i386' },
  'on-qemu-exit': { type: 'string', default: 'stay' },
  'vchan-proxy': { type: 'string', default: '/usr/lib/xen-4.17/bin/vchan-socket-proxy' },
  'run-dir': { type: 'string', default: '/run/stubdom-agent' },
} as const satisfies ParseArgsConfig['options']

/** What stands behind `boot` on the command line. @throws UsageError */
export function parseBootOptions(argv: readonly string[]): BootOptions | 'help' | 'version' {
  const end = argv.indexOf('--')
  const [own, qemuArguments] = end < 0 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)]
  const { values, rest } = split(own)
  if (rest.includes('--help')) return 'help'
  if (rest.some(argument => /^--qmp(=|$)/.test(argument))) throw new UsageError('--qmp: boot starts a QEMU of its own')

  const policy = EXIT_POLICIES.find(known => known === values['on-qemu-exit'])
  if (!policy)
    throw new UsageError(`--on-qemu-exit ${values['on-qemu-exit']}: one of ${EXIT_POLICIES.join(', ')} is wanted`)
  const paths = pathsIn(values['run-dir'])
  const consoles = ['--save-console', '/dev/hvc1', '--restore-console', '/dev/hvc2']
  const agent = parseOptions([...consoles, ...rest, '--qmp', paths.agentQmp])
  if (typeof agent === 'string') return agent
  return {
    agent,
    qemu: values.qemu,
    qemuArguments,
    onQemuExit: policy,
    vchanProxy: values['vchan-proxy'] === 'off' ? undefined : values['vchan-proxy'],
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
