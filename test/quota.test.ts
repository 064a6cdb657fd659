import { decodeHello, decodeRefused, Layout } from '@stubdom/protocol'
import { isErrno, XenstoreClient } from '@stubdom/xenstore'
import { expect, onTestFinished, test } from 'vitest'
import { onEachXenstore, report, type TestWorld } from './support/worlds.ts'

/** Names of two characters, so many that a directory holds them within what C xenstored allows for one. */
const NAMES = Array.from({ length: 90 }, (_, index) => index.toString(36).padStart(2, '0'))

/** More than a domain may own. */
const DIRECTORIES = NAMES.slice(0, 20)

/** Somebody in the stubdomain, as a hostile QEMU can be. */
async function somebody({ world }: TestWorld): Promise<XenstoreClient> {
  const client = await XenstoreClient.connect({ path: world.domainSocket(world.domains.stubdomain) })
  onTestFinished(() => client.close())
  return client
}

/** Creates nodes below `root` until not one more can be. */
async function useUp(client: XenstoreClient, root: string): Promise<void> {
  try {
    for (const directory of DIRECTORIES) {
      await client.mkdir(`${root}/${directory}`)
      for (const name of NAMES) await client.mkdir(`${root}/${directory}/${name}`)
    }
  } catch (error) {
    if (isErrno(error, 'ENOSPC', 'EQUOTA')) return
    throw error
  }
  throw new Error('there is no quota')
}

async function refusals({ world }: TestWorld): Promise<readonly { command: string; code: string }[]> {
  const refused = decodeRefused(await world.dom0.read(`${world.controlDirectory}/${Layout.refused}`))
  if (!refused.ok) throw refused.error
  return refused.value.refused
}

async function epoch({ world }: TestWorld): Promise<string> {
  const hello = decodeHello(await world.dom0.read(`${world.controlDirectory}/${Layout.hello}`))
  if (!hello.ok || !('hello' in hello.value)) throw new Error('no hello')
  return hello.value.hello.epoch
}

onEachXenstore('a stubdomain whose nodes are used up', start => {
  test.each(['data/x', 'dm-control/stubdom/x'])(
    'by somebody else, below %s: the agent says so, has done nothing, and works on when they are freed',
    async root => {
      const world = await start()
      await world.json('ping', 'hvm1')
      await world.quiet()
      const before = { nodes: await world.nodes(), epoch: await epoch(world) }
      const other = await somebody(world)
      await useUp(other, root)

      const commands = [
        ['dm-stop', 'hvm1'],
        ['pci-attach', 'hvm1', '03:00.0'],
        ['pci-list', 'hvm1'],
      ]
      const answers = await Promise.all(commands.map(args => world.json(...args)))
      const error = { code: 'quota', outcome: 'not-done' }
      expect(answers).toMatchObject(commands.map(() => ({ ok: false, exitCode: 1, error })))
      const said = (await refusals(world)).map(({ command, code }) => `${command} ${code}`)
      expect(said.toSorted()).toEqual(['dm-stop quota', 'pci-attach quota', 'pci-list quota'])
      expect(await world.devices()).toEqual([])
      expect(await world.qemu('query-status')).toMatchObject({ running: true })

      await other.rm(root)
      expect(await world.json('pci-attach', 'hvm1', '03:00.0')).toMatchObject({ ok: true })
      expect(await world.json('pci-list', 'hvm1')).toMatchObject({ ok: true })
      expect(await world.devices()).toEqual(['pci-pt-0000_03_00.0'])
      await world.quiet()
      expect({ nodes: await world.nodes(), epoch: await epoch(world) }, 'the same agent').toEqual(before)
    },
  )

  test('after it claimed a command: the command gets its true answer', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    await world.world.qemu.pause()
    const attaching = world.start('--json', 'pci-attach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-attach', value => value.includes('"running"'))
    await useUp(await somebody(world), 'data/x')
    world.world.qemu.resume()
    expect(await report(attaching)).toMatchObject({ ok: true })
    expect(await world.devices()).toEqual(['pci-pt-0000_03_00.0'])
  })
})
