import { parseArgs } from 'node:util'
import { WINDOW_DEFAULT } from '@stubdom/protocol'
import type { FrontSockets } from './front.ts'
import { PASSTHROUGH_DRIVER } from './pci/devices.ts'

export interface AgentOptions {
  /** QEMU's monitor, a unix socket. */
  readonly qmp: string
  /** The Xenstore's socket or device; undefined: what the environment says. */
  readonly xenstore: string | undefined
  /** The QEMU device that a passed-through device becomes. */
  readonly driver: string
  /** A directory that dom0 has too, for states; undefined: there is none. */
  readonly saveDir: string | undefined
  /** The raw console by which states leave, and the one by which they come; undefined: there is none. */
  readonly saveConsole: string | undefined
  readonly restoreConsole: string | undefined
  /** Where sysfs is mounted: devices are waited for until they are there. undefined: they are emulated. */
  readonly sysfs: string | undefined
  /** Sockets of QMP for xl; undefined: xl is not served. */
  readonly front: FrontSockets | undefined
  readonly window: number
  readonly logLevel: string
}

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const HELP = `usage: stubdom-agent --qmp SOCKET [options]
       stubdom-agent boot [options] [-- QEMU-ARGUMENT...]     starts QEMU itself: see stubdom-agent boot --help

Runs in a stubdomain: takes dom0's commands from Xenstore (dm-control) and carries them out with QMP.

  --qmp SOCKET        QEMU's monitor: -qmp unix:SOCKET,server=on,wait=off
  --xenstore PATH     Xenstore's socket, or the kernel's device for it: /dev/xen/xenbus, as in a stubdomain of Xen's (default:
                      XENSTORED_PATH, $XENSTORED_RUNDIR/socket, else what is there of /run/xenstored/socket, /dev/xen/xenbus)
  --driver NAME       QEMU device of a passed-through device (default: xen-pci-passthrough;
                      an emulated one such as edu or pci-testdev is for trying out without Xen)
  --save-dir DIR      channel "file" of save-state and restore-state: the state is DIR/<id>.state; dom0 must be told the
                      same directory (stubdomctl --save-dir)
  --save-console PATH, --restore-console PATH
                      channel "console" of save-state and of restore-state: /dev/hvc1 and /dev/hvc2 in a stubdomain of
                      libxl's. Each must be raw, and be kept open by somebody (channel "xenstore" needs nothing)
  --sysfs DIR         where devices appear that the stubdomain is given (default: /sys; with an emulated driver
                      nothing is waited for unless this is said)
  --front SOCKET      serves QMP at SOCKET for unmodified xl (behind stubdom-vchan), passed on to --front-qmp; its
  --front-qmp SOCKET  attaching of devices waits until they are there. A monitor of QEMU's of its own
  --window N          commands worked on at a time before "busy" (default: ${WINDOW_DEFAULT})
  --log-level LEVEL   trace, debug, info, warn, error, silent (default: info); JSON lines on stderr
  --version, --help

Exit codes: 0 told to stop; 1 another agent runs, or a fault; 2 wrong command line.
`

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent']

/** What the command line asks for. @throws UsageError */
export function parseOptions(argv: readonly string[]): AgentOptions | 'help' | 'version' {
  const values = parse(argv)
  if (values.help) return 'help'
  if (values.version) return 'version'
  if (!values.qmp) throw new UsageError('--qmp SOCKET is missing: where does QEMU’s monitor listen?')
  const driver = values.driver ?? PASSTHROUGH_DRIVER
  if (!/^[A-Za-z][A-Za-z0-9._-]{0,62}$/.test(driver)) throw new UsageError(`--driver ${driver}: not a QEMU device name`)
  const window = Number(values.window ?? WINDOW_DEFAULT)
  if (!Number.isInteger(window) || window < 1 || window > 1_000) {
    throw new UsageError(`--window ${values.window}: a number from 1 to 1000 is wanted`)
  }
  const logLevel = values['log-level'] ?? 'info'
  if (!LOG_LEVELS.includes(logLevel))
    throw new UsageError(`--log-level ${logLevel}: one of ${LOG_LEVELS.join(', ')} is wanted`)
  return {
    qmp: values.qmp,
    xenstore: values.xenstore,
    driver,
    saveDir: values['save-dir'],
    saveConsole: values['save-console'],
    restoreConsole: values['restore-console'],
    sysfs: values.sysfs ?? (driver === PASSTHROUGH_DRIVER ? '/sys' : undefined),
    front: frontSockets(values.front, values['front-qmp'], values.qmp),
    window,
    logLevel,
  }
}

function frontSockets(path: string | undefined, upstream: string | undefined, qmp: string): FrontSockets | undefined {
  if (path === undefined && upstream === undefined) return undefined
  if (path === undefined || upstream === undefined) throw new UsageError('--front and --front-qmp belong together')
  if (upstream === qmp)
    throw new UsageError('--front-qmp: a monitor of its own is wanted, --qmp has one client already')
  return { path, upstream }
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      strict: true,
      allowPositionals: false,
      options: {
        qmp: { type: 'string' },
        xenstore: { type: 'string' },
        driver: { type: 'string' },
        'save-dir': { type: 'string' },
        'save-console': { type: 'string' },
        'restore-console': { type: 'string' },
        sysfs: { type: 'string' },
        front: { type: 'string' },
        'front-qmp': { type: 'string' },
        window: { type: 'string' },
        'log-level': { type: 'string' },
        version: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
    return values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
