import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { controlPath } from '@stubdom/protocol'
import { acl, EmbeddedXenstored, XenstoreClient } from '@stubdom/xenstore'
import { concatMap, filter, firstValueFrom } from 'rxjs'
import type { Connection } from '../connection.ts'
import { connect, type Dom0, type Dom0Options } from '../dom0.ts'

export const GUEST = 6
export const STUBDOMAIN = 7
export const CONTROL = controlPath(STUBDOMAIN)

/** A Xenstore with a guest and its stubdomain, laid out as libxl does, and clients of all kinds; closed with it. */
export class World {
  readonly daemon: EmbeddedXenstored
  /** As dom0's tools. */
  readonly dom0: XenstoreClient
  /** A directory for files, removed with the world. */
  readonly dir: string
  readonly #closers: (() => Promise<unknown>)[] = []

  static async start(): Promise<World> {
    const daemon = await EmbeddedXenstored.start()
    const dom0 = await XenstoreClient.connect({ path: daemon.socketPath })
    const world = new World(daemon, dom0, await mkdtemp(join(tmpdir(), 'd0-')))
    await world.addPair(GUEST, STUBDOMAIN, 'hvm1')
    return world
  }

  private constructor(daemon: EmbeddedXenstored, dom0: XenstoreClient, dir: string) {
    this.daemon = daemon
    this.dom0 = dom0
    this.dir = dir
  }

  async addDomain(domid: number, name: string): Promise<void> {
    await this.daemon.createDomain(domid)
    await this.dom0.mkdir(`/local/domain/${domid}`)
    await this.dom0.setPermissions(`/local/domain/${domid}`, acl(0, [domid, 'read']))
    await this.dom0.write(`/local/domain/${domid}/name`, name)
    await this.dom0.introduce(domid, 1, 1)
  }

  async addPair(guest: number, stubdomain: number, name: string): Promise<void> {
    await this.addDomain(guest, name)
    await this.addDomain(stubdomain, `${name}-dm`)
    await this.dom0.write(`/local/domain/${guest}/image/device-model-domid`, `${stubdomain}`)
    await this.dom0.write(`/local/domain/${stubdomain}/target`, `${guest}`)
    await this.dom0.setTarget(stubdomain, guest)
  }

  /** As `xl destroy` leaves the store. */
  async destroy(domid: number): Promise<void> {
    await this.daemon.destroyDomain(domid)
    await this.dom0.rm(`/local/domain/${domid}`)
  }

  /** The connection of dom0's tools, to give to parts of the library. */
  get connection(): Connection {
    return { client: this.dom0, watch: path => this.dom0.watch(path) }
  }

  /** The library under test. */
  async connect(options: Dom0Options = {}): Promise<Dom0> {
    const dom0 = await connect({ xenstore: this.daemon.socketPath, ...options })
    this.whenStopped(() => dom0.close())
    return dom0
  }

  /** A client in a domain. */
  async inDomain(domid: number): Promise<XenstoreClient> {
    const client = await XenstoreClient.connect({ path: this.daemon.domainSocketPath(domid) })
    this.whenStopped(() => client.close())
    return client
  }

  whenStopped(close: () => Promise<unknown>): void {
    this.#closers.push(close)
  }

  /** Everything below the control directory: what a call left behind. */
  async tree(path: string = CONTROL): Promise<string[]> {
    const names = await this.dom0.list(path).catch(() => [])
    const below = await Promise.all(names.toSorted().map(name => this.tree(`${path}/${name}`)))
    return names.length === 0 ? [path.slice(CONTROL.length + 1)] : below.flat()
  }

  /** Resolves when the node is there. */
  async appears(path: string): Promise<void> {
    const exists = (): Promise<boolean> => this.dom0.exists(`${CONTROL}/${path}`)
    await firstValueFrom(this.dom0.watch(`${CONTROL}/${path}`).pipe(concatMap(exists), filter(Boolean)))
  }

  /** Requests and their parts that stand there. */
  async requests(): Promise<string[]> {
    return (await this.tree()).filter(path => /^dom0\/(request\/[^/]+|part)\/./.test(path))
  }

  async stop(): Promise<void> {
    for (const close of this.#closers.reverse()) await close()
    await this.dom0.close()
    await this.daemon.stop()
    await rm(this.dir, { recursive: true, force: true })
  }
}
