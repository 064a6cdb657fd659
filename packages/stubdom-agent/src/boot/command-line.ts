import type { RunPaths } from './paths.ts'

/** Stands in the toolstack's arguments for the open file that QEMU restores from. */
const RESTORE_ARGUMENT = '$STUBDOM_RESTORE_INCOMING_ARG'

/** File descriptors that QEMU is started with. */
export interface ModelFds {
  /** A socket that stays connected as a monitor. */
  readonly keeper: number
  /** What QEMU has as /dev/fdset/1. */
  readonly fdset: number
  /** The restore console. */
  readonly restore: number
}

export function wantsRestore(toolstack: readonly string[]): boolean {
  return toolstack.some(argument => argument.includes(RESTORE_ARGUMENT))
}

/** QEMU's whole command line. */
export function qemuCommandLine(
  paths: RunPaths,
  fds: ModelFds,
  ours: readonly string[],
  toolstack: readonly string[],
): string[] {
  return [
    ...monitor('stubdom-agent', listening(paths.agentQmp)),
    ...monitor('front', listening(paths.frontQmp)),
    // QEMU 7.2 drops its fdsets when the last monitor disconnects (monitor_fdsets_cleanup): this one never does.
    ...monitor('keeper', `fd=${fds.keeper}`),
    '-add-fd',
    `fd=${fds.fdset},set=1,opaque=save`,
    ...ours,
    ...toolstack.map(argument => argument.replaceAll(RESTORE_ARGUMENT, () => `fd:${fds.restore}`)),
  ]
}

function monitor(id: string, socket: string): string[] {
  return ['-chardev', `socket,id=${id},${socket}`, '-mon', `chardev=${id},mode=control`]
}

function listening(path: string): string {
  return `path=${path.replaceAll(',', ',,')},server=on,wait=off`
}

/** Device nodes that QEMU is told to open: disks and consoles of the stubdomain's. */
export function deviceNodes(toolstack: readonly string[]): string[] {
  const found = toolstack.flatMap(
    argument => argument.match(/(?<=^|[=:,])\/dev\/(?:hvc\d+|xvd[a-z]+\d*)(?=$|,)/g) ?? [],
  )
  return [...new Set(found)]
}

/** A network interface that QEMU makes. */
export interface Tap {
  /** QEMU's id of it: `net0`. */
  readonly netdev: string
  readonly ifname: string
  /** Ids of the devices that use it: `nic0`. */
  readonly devices: readonly string[]
}

/** Those that QEMU runs no script for, as libxl tells it. */
export function tapsWithoutScript(toolstack: readonly string[]): Tap[] {
  const options = (name: string) =>
    toolstack.flatMap((argument, index) => (argument === name ? [properties(toolstack[index + 1] ?? '')] : []))
  const devices = options('-device')
  return options('-netdev').flatMap(netdev => {
    const { id, ifname, script } = netdev
    if (netdev['type'] !== 'tap' || !id || !ifname || script !== 'no') return []
    const users = devices.filter(device => device['netdev'] === id).flatMap(device => device.id ?? [])
    return [{ netdev: id, ifname, devices: users }]
  })
}

/** QEMU's `type,key=value,…`, where the first word may be the value of `type`. */
function properties(text: string): Partial<Record<'type' | 'id' | 'ifname' | 'script' | 'netdev', string>> {
  const words = text.split(',').map((word, index): [string, string] => {
    const [key = '', ...value] = word.split('=')
    return value.length === 0 && index === 0 ? ['type', key] : [key, value.join('=')]
  })
  return Object.fromEntries(words)
}
