import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DOMID_MAX } from '../acl.ts'
import { Core, type Counts } from './core.ts'
import { DomainPort } from './domain-port.ts'
import { EmbeddedUsageError } from './errors.ts'
import { Link } from './link.ts'
import type { Quotas } from './quotas.ts'
import { Refusal } from './refusal.ts'
import type { Session } from './session.ts'
import { cannotListen, checkSocketPath, isListening, UnixSocket } from './unix-socket.ts'

export interface EmbeddedXenstoredOptions {
  /** Where the sockets are made; created (mode 0700) if missing. Default: a fresh temporary directory, removed by stop(). */
  readonly dir?: string
  /** Other limits for unprivileged domains than xenstored's. */
  readonly quotas?: Partial<Quotas>
}

/**
 * A Xenstore in this process, listening like the daemon: `<dir>/socket` for dom0's clients, `<dir>/dom<N>.sock` for
 * domain N. It plays the hypervisor's part, too: domains exist when they have been created here.
 */
export class EmbeddedXenstored {
  readonly dir: string
  readonly socketPath: string
  readonly #core: Core
  readonly #listener: UnixSocket
  readonly #links = new Set<Link>()
  readonly #ports = new Map<Session, DomainPort>()
  readonly #isTemporary: boolean
  #stopping: Promise<void> | undefined

  /** @throws EmbeddedListenError when the directory or the socket cannot be made, or another server listens there */
  static async start({ dir, quotas = {} }: EmbeddedXenstoredOptions = {}): Promise<EmbeddedXenstored> {
    const made = dir ?? (await mkdtemp(join(tmpdir(), 'xs-')))
    try {
      await prepare(made)
      const server = new EmbeddedXenstored(made, dir === undefined, quotas)
      await server.#listener.ready()
      return server
    } catch (error) {
      if (dir === undefined) await rm(made, { recursive: true, force: true })
      throw error
    }
  }

  private constructor(dir: string, isTemporary: boolean, quotas: Partial<Quotas>) {
    this.dir = dir
    this.socketPath = join(dir, 'socket')
    this.#isTemporary = isTemporary
    this.#core = new Core({ opened: session => this.#open(session), closed: session => this.#close(session) }, quotas)
    this.#listener = new UnixSocket(this.socketPath, socket => this.#accept(socket))
  }

  /**
   * The hypervisor makes a domain. Its socket opens when dom0 introduces it.
   * @throws EmbeddedUsageError invalid-domid, domain-exists
   */
  async createDomain(domid: number): Promise<void> {
    this.#checkRunning()
    if (!Number.isInteger(domid) || domid < 1 || domid > DOMID_MAX)
      throw new EmbeddedUsageError('invalid-domid', `${domid} cannot be a domain: pass an integer of 1 to ${DOMID_MAX}`)
    if (this.#core.domains.exists(domid))
      throw new EmbeddedUsageError('domain-exists', `Domain ${domid} exists already: destroy it first`)
    this.#core.domains.create(domid)
  }

  /** Where domain `domid` finds the store, from its INTRODUCE on until it is released or destroyed. */
  domainSocketPath(domid: number): string {
    return domainSocketPath(this.dir, domid)
  }

  /**
   * The domain dies: its connection, its nodes wherever they are, and its permissions go, and @releaseDomain fires.
   * @throws EmbeddedUsageError no-such-domain
   */
  async destroyDomain(domid: number): Promise<void> {
    this.#checkExists(domid)
    this.#core.domains.destroy(domid)
    this.#flush()
  }

  /**
   * The domain shuts down or crashes, but is still there: @releaseDomain fires, and that is all.
   * @throws EmbeddedUsageError no-such-domain
   */
  async shutdownDomain(domid: number): Promise<void> {
    this.#checkExists(domid)
    this.#core.domains.shutdown(domid)
    this.#flush()
  }

  /** What there is right now, for tests that want to see that nothing is left behind. */
  counts(): Counts {
    return this.#core.counts()
  }

  /** Drops all clients and removes the sockets. Can be called again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const closed = [this.#listener.close(), ...[...this.#ports.values()].map(port => port.close())]
    for (const link of this.#links) link.close()
    await Promise.all(closed)
    if (this.#isTemporary) await rm(this.dir, { recursive: true, force: true })
  }

  #accept(socket: Socket): void {
    const session = this.#core.connect()
    const link = new Link(socket, session, this.#core, () => this.#flush())
    this.#links.add(link)
    socket.once('close', () => {
      this.#links.delete(link)
      this.#core.disconnect(session)
    })
  }

  #open(session: Session): void {
    const port = new DomainPort(this.domainSocketPath(session.domid), session, this.#core, () => this.#flush())
    if (!port.listening) throw new Refusal('EIO')
    this.#ports.set(session, port)
  }

  #close(session: Session): void {
    void this.#ports.get(session)?.close()
    this.#ports.delete(session)
  }

  #flush(): void {
    for (const link of this.#links) link.flush()
    for (const port of this.#ports.values()) port.flush()
  }

  #checkExists(domid: number): void {
    this.#checkRunning()
    if (domid === 0 || !this.#core.domains.exists(domid))
      throw new EmbeddedUsageError(
        'no-such-domain',
        `Domain ${domid} does not exist: call createDomain(${domid}) first`,
      )
  }

  #checkRunning(): void {
    if (this.#stopping)
      throw new EmbeddedUsageError('stopped', 'This embedded Xenstore has been stopped: start another')
  }
}

async function prepare(dir: string): Promise<void> {
  checkSocketPath(domainSocketPath(dir, DOMID_MAX))
  await mkdir(dir, { recursive: true, mode: 0o700 }).catch(cause => {
    throw cannotListen(`in ${dir}: ${cause.message}`, { cause })
  })
  const path = join(dir, 'socket')
  if (await isListening(path)) throw cannotListen(`on ${path}: another Xenstore does already`)
  await rm(path, { force: true })
}

function domainSocketPath(dir: string, domid: number): string {
  return join(dir, `dom${domid}.sock`)
}
