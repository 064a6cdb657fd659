import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { acl, isErrno, XenstoreClient } from '@stubdom/xenstore'
import type { CommandLineOptions } from './command-lines.ts'
import { DaemonHost } from './daemon-host.ts'
import type { Daemon } from './daemons.ts'
import { EmbeddedHost } from './embedded-host.ts'
import { TestUsageError } from './errors.ts'
import type { Host, Hypervisor, Usage } from './host.ts'

export { type Daemon, daemons } from './daemons.ts'

/** A socket's path has 107 bytes at most; `/dom32751.sock` and six characters of mkdtemp's come behind this. */
const DIR_PREFIX = 'xs-'

export interface StartOptions extends CommandLineOptions {
  readonly daemon: Daemon
}

export interface DomainOptions {
  /** The domain that this one is the stubdomain of; has to exist. */
  readonly target?: number | undefined
}

export interface Counts extends Usage {
  /** All there are, the root among them. */
  readonly nodes: number
}

/**
 * Starts a daemon with an empty store, for one test file or one test. It dies with this process at the latest.
 * @throws MissingPackageError, DaemonFailedError, TestUsageError (a quota that it does not have)
 */
export async function startXenstored({ daemon, args, quotas }: StartOptions): Promise<TestXenstored> {
  if (daemon === 'embedded' && args) throw new TestUsageError('The embedded server has no arguments')
  const dir = await mkdtemp(join(tmpdir(), DIR_PREFIX))
  const host = daemon === 'embedded' ? new EmbeddedHost(dir, quotas) : new DaemonHost(daemon, dir, { args, quotas })
  const xenstored = new TestXenstored(daemon, dir, host)
  try {
    await xenstored.restart()
    return xenstored
  } catch (error) {
    await xenstored.stop().catch(() => undefined) // What went wrong first says more.
    throw error
  }
}

/** A running daemon with its hypervisor, whichever it is. */
class TestXenstored {
  readonly daemon: Daemon
  /** Holds its sockets; what Debian's programs take as XENSTORED_RUNDIR. */
  readonly dir: string
  readonly #host: Host
  readonly #clients = new Set<XenstoreClient>()
  #dom0: XenstoreClient | undefined

  constructor(daemon: Daemon, dir: string, host: Host) {
    this.daemon = daemon
    this.dir = dir
    this.#host = host
  }

  /** Where dom0's clients connect. */
  get socketPath(): string {
    return join(this.dir, 'socket')
  }

  /** Where domain `domid` connects, one client at a time; what Debian's programs take as XENSTORED_PATH. */
  domainSocketPath(domid: number): string {
    return join(this.dir, `dom${domid}.sock`)
  }

  /** A connection of dom0's, made by `start` and anew by `restart`. */
  get dom0(): XenstoreClient {
    if (!this.#dom0) throw new TestUsageError('The daemon does not run')
    return this.#dom0
  }

  /** The daemon's process, to stop or to measure; undefined for the embedded server, which runs in this one. */
  get pid(): number | undefined {
    return this.#host.pid
  }

  /** The hypervisor's deeds alone: for tests of what the daemon makes of them. */
  get hypervisor(): Hypervisor {
    return this.#host.hypervisor
  }

  /** A further connection of dom0's. All connections that are made here are closed by `stop`. */
  connect(): Promise<XenstoreClient> {
    return this.#connectTo(this.socketPath)
  }

  /**
   * What the toolstack does for a new domain: the hypervisor makes it, it gets the directories that it may read (its
   * home, `n0,r<domid>`) and write (`data` in it, `n<domid>`), INTRODUCE and SET_TARGET.
   */
  async createDomain(domid: number, { target }: DomainOptions = {}): Promise<void> {
    const home = `/local/domain/${domid}`
    await this.hypervisor.create(domid)
    await this.dom0.mkdir(`${home}/data`)
    // Not before the domain exists: C xenstored ignores permissions that name a domain which it does not know.
    await this.dom0.setPermissions(home, acl(0, [domid, 'read']))
    await this.dom0.setPermissions(`${home}/data`, acl(domid))
    await this.dom0.introduce(domid, 1, 1)
    if (target !== undefined) await this.dom0.setTarget(domid, target)
  }

  /** Connects as a domain that has been introduced. */
  connectDomain(domid: number): Promise<XenstoreClient> {
    return this.#connectTo(this.domainSocketPath(domid))
  }

  /** `createDomain`, and a connection of that domain. */
  async domain(domid: number, options?: DomainOptions): Promise<XenstoreClient> {
    await this.createDomain(domid, options)
    return this.connectDomain(domid)
  }

  /** The domain dies: the daemon removes what it owns, and fires @releaseDomain. */
  destroyDomain(domid: number): Promise<void> {
    return this.hypervisor.destroy(domid)
  }

  /** The domain shuts down, but is still there: @releaseDomain fires. */
  shutdownDomain(domid: number): Promise<void> {
    return this.hypervisor.shutdown(domid)
  }

  /** C xenstored replaces itself by a fresh process image, and nobody notices. */
  liveUpdate(): Promise<void> {
    return this.#host.liveUpdate()
  }

  /** What there is at the moment; who asks is not counted, but a client that has gone may still be for a moment. */
  async counts(): Promise<Counts> {
    const client = await this.connect()
    try {
      return { ...(await this.#host.usage()), nodes: await countNodes(client, '/') }
    } finally {
      await this.#close(client)
    }
  }

  /** The daemon ends at once, as by SIGKILL, and all its state with it: nodes, domains, connections. */
  async kill(): Promise<void> {
    this.#dom0 = undefined
    await this.#host.kill()
  }

  /** Begins anew, in the same directory. */
  async restart(): Promise<void> {
    await this.kill()
    await this.#host.start()
    this.#dom0 = await this.connect()
  }

  /** Ends everything. Rejects when the daemon had ended by itself before: no test may do that to it. */
  async stop(): Promise<void> {
    await Promise.all([...this.#clients].map(client => this.#close(client)))
    try {
      await this.kill()
    } finally {
      await rm(this.dir, { recursive: true, force: true })
    }
  }

  async #connectTo(path: string): Promise<XenstoreClient> {
    const client = await XenstoreClient.connect({ path })
    this.#clients.add(client)
    return client
  }

  async #close(client: XenstoreClient): Promise<void> {
    this.#clients.delete(client)
    await client.close()
  }
}

export type { TestXenstored }

async function countNodes(client: XenstoreClient, path: string): Promise<number> {
  const names = await client.list(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  })
  if (!names) return 0 // It went meanwhile.
  const below = await Promise.all(names.map(name => countNodes(client, path === '/' ? `/${name}` : `${path}/${name}`)))
  return below.reduce((sum, count) => sum + count, 1)
}
