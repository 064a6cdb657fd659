import { existsSync, statSync } from 'node:fs'

/** Where a daemon in the same domain listens unless the environment says otherwise. */
const DEFAULT_SOCKET = '/run/xenstored/socket'

/** The kernel's way to a daemon in another domain. In /proc it is no character device, but a file that behaves as one. */
const DEVICE = '/dev/xen/xenbus'
const PROC_FILE = '/proc/xen/xenbus'

/**
 * Where Xen's own tools would find the store: `XENSTORED_PATH`, else `socket` in `XENSTORED_RUNDIR`, else the default
 * socket if it is there, else the kernel's device. The default socket, too, when there is none of them: an error then
 * names what could be started. Source: Xen, tools/libs/store/xs.c (xs_open). An empty variable counts as none.
 */
export function xenstoreAddress(
  env: NodeJS.ProcessEnv = process.env,
  isThere: (path: string) => boolean = existsSync,
): string {
  const { XENSTORED_PATH: path, XENSTORED_RUNDIR: directory } = env
  if (path) return path
  if (directory) return `${directory}/socket`
  return [DEFAULT_SOCKET, DEVICE, PROC_FILE].find(place => isThere(place)) ?? DEFAULT_SOCKET
}

/** Whether that is the kernel's device rather than a daemon's socket. */
export function isDevice(address: string): boolean {
  if (address === PROC_FILE) return true
  try {
    return statSync(address).isCharacterDevice()
  } catch {
    return false // Connecting says better what is wrong with it.
  }
}
