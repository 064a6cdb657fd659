import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DomainPair, World } from '@stubdom/demo'
import { startXenstored, type TestXenstored } from '@stubdom/test-xenstored'
import { Relay } from '../support/relay.ts'
import { Dom0Process } from './dom0-process.ts'

/** The stubdomains, and how much each has to bear: what is to show a slope in its agent's memory must live long. */
const DOMAINS: readonly (DomainPair & { readonly fate: Fate })[] = [
  { guest: 6, stubdomain: 7, name: 'hvm1', fate: 'agent-dies' },
  { guest: 8, stubdomain: 9, name: 'hvm2', fate: 'qemu-dies' },
  { guest: 10, stubdomain: 11, name: 'hvm3', fate: 'nobody-dies' },
]

/** What is killed of a stubdomain; everything else happens to all of them. */
export type Fate = 'agent-dies' | 'qemu-dies' | 'nobody-dies'

export interface Inhabitant {
  readonly name: string
  readonly fate: Fate
  readonly world: World
  /** The agent's way to the Xenstore. */
  readonly relay: Relay
}

/** Three stubdomains on one C xenstored, and a dom0 process that commands them; every way to the Xenstore can be cut. */
export interface Setting {
  readonly xenstored: TestXenstored
  readonly inhabitants: readonly Inhabitant[]
  readonly dom0: Dom0Process
  readonly dom0Relay: Relay
  /** Where states are saved, by all of them. */
  readonly saveDirectory: string
  end(): Promise<void>
}

export async function setUp(seed: number): Promise<Setting> {
  const directory = await mkdtemp(join(tmpdir(), 'soak-'))
  const saveDirectory = join(directory, 'save')
  await mkdir(saveDirectory, { mode: 0o700 })
  const endings: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })]
  const end = async (): Promise<void> => {
    for (const ending of endings.splice(0).reverse()) await ending()
  }
  try {
    const xenstored = await startXenstored({ daemon: 'c' })
    endings.push(() => xenstored.stop())
    const inhabitants: Inhabitant[] = []
    for (const { fate, ...domains } of DOMAINS) {
      const path = join(directory, `dom${domains.stubdomain}.sock`)
      const relay = await Relay.listen(path, () => world.domainSocket(domains.stubdomain))
      endings.push(() => relay.close())
      const agentArguments = ['--xenstore', path, '--save-dir', saveDirectory, '--log-level', 'error']
      const world = await World.start({ xenstored, domains, agentArguments, withoutAgent: true })
      endings.push(() => world.stop())
      await world.startAgent()
      inhabitants.push({ name: domains.name, fate, world, relay })
    }
    const dom0Relay = await Relay.listen(join(directory, 'dom0.sock'), () => xenstored.socketPath)
    endings.push(() => dom0Relay.close())
    const domains = inhabitants.map(({ name }) => name)
    const dom0 = new Dom0Process({ xenstore: dom0Relay.path, domains, directory, saveDirectory, seed })
    endings.push(() => dom0.end())
    return { xenstored, inhabitants, dom0, dom0Relay, saveDirectory, end }
  } catch (error) {
    await end()
    throw error
  }
}
