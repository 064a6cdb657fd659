/** Where a daemon in the same domain listens unless the environment says otherwise. */
const DEFAULT_SOCKET = '/run/xenstored/socket'

/**
 * The socket that Xen's own tools would use: `XENSTORED_PATH`, else `socket` in `XENSTORED_RUNDIR`, else the default.
 * Source: Xen, tools/libs/store/xs.c (xs_daemon_socket). An empty variable counts as none.
 */
export function xenstoreAddress(env: NodeJS.ProcessEnv = process.env): string {
  const { XENSTORED_PATH: path, XENSTORED_RUNDIR: directory } = env
  if (path) return path
  return directory ? `${directory}/socket` : DEFAULT_SOCKET
}
