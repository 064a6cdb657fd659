import { createServer, type Server } from 'node:net'

/** Another agent serves this stubdomain. */
export class LockedError extends Error {
  override readonly name = 'LockedError'
}

/**
 * Makes sure that one agent at a time serves a stubdomain. The lock is a listening socket in Linux's abstract namespace: the kernel lets one process
 * have the name and takes it back when the process ends, however it ends, so that no stale lock is ever left.
 * @param name what is locked: the Xenstore connection's address
 */
export function acquireLock(name: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy())
    server.unref()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      reject(new LockedError(`another stubdom-agent serves the stubdomain at ${name}; stop it first`))
    })
    server.listen({ path: `\0stubdom-agent:${name}`, exclusive: true }, () => resolve(server))
  })
}
