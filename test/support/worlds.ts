import { join } from 'node:path'
import { type Finished, type Running, startStubdomctl, World, type WorldOptions } from '@stubdom/demo'
import { QmpClient } from '@stubdom/qmp'
import { daemons } from '@stubdom/test-xenstored'
import { concatMap, filter, firstValueFrom, map, timeout } from 'rxjs'
import { describe, onTestFinished } from 'vitest'
import { Relay } from './relay.ts'

/** Runs a suite on every Xenstore there is to run it on; the tests' names say which. */
export function onEachXenstore(
  name: string,
  suite: (start: (options?: WorldOptions) => Promise<TestWorld>) => void,
): void {
  describe.each(daemons())(`${name} [%s]`, daemon => {
    suite(options => startWorld({ daemon, ...options }))
  })
}

async function startWorld(options: WorldOptions): Promise<TestWorld> {
  const world = await World.start(options)
  onTestFinished(() => world.stop())
  return new TestWorld(world)
}

/** What `stubdomctl --json` says. */
export interface Report {
  readonly exitCode: number
  readonly ok: boolean
  readonly error?: { code: string; message: string; outcome?: string; id?: string; stage?: string }
  readonly [field: string]: unknown
}

/** A world with what tests ask of it. */
export class TestWorld {
  readonly world: World
  #qemu: { readonly client: QmpClient; readonly pid: number } | undefined

  constructor(world: World) {
    this.world = world
  }

  /** Runs stubdomctl as a person would. */
  ctl(...args: string[]): Promise<Finished> {
    return this.start(...args).finished
  }

  start(...args: string[]): Running {
    return startStubdomctl(args, this.world.environment)
  }

  /** Runs stubdomctl --json and reads its one document. */
  json(...args: string[]): Promise<Report> {
    return report(this.start('--json', ...args))
  }

  /** A way to a socket of this world that the test can cut or hold up. */
  async relay(name: string, to: string): Promise<Relay> {
    const relay = await Relay.listen(join(this.world.directory, name), () => to)
    onTestFinished(() => relay.close())
    return relay
  }

  /** Asks QEMU itself, past the agent. */
  async qemu(command: string, args?: Record<string, unknown>): Promise<unknown> {
    const { pid } = this.world.qemu
    if (this.#qemu?.pid !== pid) this.#qemu = { client: await this.#connectToQemu(), pid }
    return this.#qemu.client.execute(command, args, { timeoutMs: 10_000 })
  }

  async #connectToQemu(): Promise<QmpClient> {
    const client = await QmpClient.connect({ path: this.world.qemu.testQmpPath })
    onTestFinished(() => client.close())
    return client
  }

  /** The ids of the devices that QEMU has. */
  async devices(): Promise<string[]> {
    const list = (await this.qemu('qom-list', { path: '/machine/peripheral' })) as { name: string; type: string }[]
    return list.filter(({ type }) => type.startsWith('child<')).map(({ name }) => name)
  }

  /** Resolves with the value as soon as a node of the control directory, or one below it, holds what is wanted. */
  async node(path: string, wanted: (value: string) => boolean = () => true): Promise<string> {
    const { dom0, controlDirectory } = this.world
    // Each event means: look at all of it. What was written before the watch was there counts too.
    const found = dom0.watch(`${controlDirectory}/${path}`).pipe(
      concatMap(() => this.#values(`${controlDirectory}/${path}`)),
      map(values => values.find(wanted)),
      filter(value => value !== undefined),
      timeout(15_000),
    )
    return firstValueFrom(found)
  }

  /** The values at a path and below it. */
  async #values(path: string): Promise<string[]> {
    const { dom0 } = this.world
    const value = await dom0.readIfExists(path)
    if (value === undefined) return []
    const children = await dom0.list(path).catch(() => [])
    const below = await Promise.all(children.map(child => this.#values(`${path}/${child}`)))
    return [value.toString(), ...below.flat()]
  }

  /** Every node below the control directory but the contents of events, which are kept on purpose. */
  async nodes(): Promise<string[]> {
    const list = async (path: string): Promise<string[]> => {
      const children = await this.world.dom0.list(path).catch(() => [])
      const below = await Promise.all(children.toSorted().map(child => list(`${path}/${child}`)))
      return [path, ...below.flat()]
    }
    const all = await list(this.world.controlDirectory)
    return all
      .filter(path => !/\/event\/\d+$/.test(path))
      .map(path => path.slice(this.world.controlDirectory.length + 1))
  }

  /** Requests, responses and parts that stand there. */
  async leftovers(): Promise<string[]> {
    return (await this.nodes()).filter(path => /(request|response)\/[^/]+\/|part\//.test(path))
  }

  /** Resolves when nothing is left of any command: the agent removes responses shortly after they were collected. */
  async quiet(): Promise<void> {
    const deadline = Date.now() + 10_000
    for (;;) {
      const left = await this.leftovers()
      if (left.length === 0) return
      if (Date.now() > deadline) throw new Error(`left behind: ${left.join(', ')}`)
      await firstValueFrom(this.world.dom0.watch(this.world.controlDirectory).pipe(timeout(10_000)))
    }
  }
}

export async function report(running: Running): Promise<Report> {
  const { exitCode, stdout, stderr } = await running.finished
  try {
    return { ...(JSON.parse(stdout) as Omit<Report, 'exitCode'>), exitCode } as Report
  } catch {
    throw new Error(`not one JSON document (exit ${exitCode}):\n${stdout}\n${stderr}`)
  }
}
