import { rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Core } from './core.ts'
import { Link } from './link.ts'
import type { Session } from './session.ts'
import { UnixSocket } from './unix-socket.ts'

/** Clients that may wait for their turn at one domain's socket; more are turned away. */
const WAITING_CLIENTS_MAX = 16

/**
 * A domain's way to the store. As there is one ring, there is one client at a time: the next one waits until the first
 * is gone, and finds no watches and transactions of its predecessor.
 */
export class DomainPort {
  readonly #session: Session
  readonly #core: Core
  readonly #served: () => void
  readonly #listener: UnixSocket
  readonly #waiting: Socket[] = []
  #link: Link | undefined
  #closed = false

  constructor(path: string, session: Session, core: Core, served: () => void) {
    this.#session = session
    this.#core = core
    this.#served = served
    rmSync(path, { force: true })
    this.#listener = new UnixSocket(path, socket => this.#accept(socket))
  }

  get listening(): boolean {
    return this.#listener.listening
  }

  flush(): void {
    this.#link?.flush()
  }

  close(): Promise<void> {
    this.#closed = true
    this.#link?.close()
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    return this.#listener.close()
  }

  #accept(socket: Socket): void {
    if (this.#closed || this.#session.ignored || this.#waiting.length >= WAITING_CLIENTS_MAX) socket.destroy()
    else if (this.#link) this.#waiting.push(socket)
    else this.#attach(socket)
  }

  #attach(socket: Socket): void {
    this.#link = new Link(socket, this.#session, this.#core, this.#served)
    socket.once('close', () => {
      this.#link = undefined
      this.#core.disconnect(this.#session)
      for (const next of this.#waiting.splice(0)) this.#accept(next)
    })
  }
}
