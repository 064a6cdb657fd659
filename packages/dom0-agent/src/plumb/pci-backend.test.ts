import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Connection } from '../connection.ts'
import { BACKEND, PlumbedHost } from '../testing/plumbed-host.ts'
import { STUBDOMAIN, World } from '../testing/world.ts'
import { PciBackend } from './pci-backend.ts'

const BDFS = ['0000:03:00.0', '0000:04:00.0', '0000:05:00.0']
const OPTIONS = { msitranslate: false, powerManagement: false, permissive: false, rdmPolicy: 'relaxed' } as const

let world: World
let host: PlumbedHost
let backend: PciBackend
beforeEach(async () => {
  world = await World.start()
  host = await PlumbedHost.start(world)
  const connection: Connection = { client: world.dom0, watch: path => world.dom0.watch(path) }
  backend = new PciBackend(connection, STUBDOMAIN, host.sysfs)
})
afterEach(() => world.stop())

const { signal } = new AbortController()
const addAll = () => Promise.all(BDFS.map(bdf => backend.add(bdf, OPTIONS, 10_000, signal)))

test('devices that are added at once go in one after the other: pciback is told of one only when it has the one before', async () => {
  host.connects = false
  const added = addAll()
  await expect.poll(() => host.backend()).toMatchObject({ num_devs: '1', state: '1' })
  host.connects = true
  await world.dom0.write(`${BACKEND}/state`, '4')
  await added
  expect(await host.backend()).toMatchObject({ num_devs: '3', state: '4' })
})

test('devices that are taken away at once leave none behind', async () => {
  await addAll()
  await Promise.all(BDFS.slice(1).map(bdf => backend.remove(bdf, 10_000, signal)))
  const left = await host.backend()
  expect(left).toMatchObject({ num_devs: '1', state: '4', 'dev-0': BDFS[0] })
  expect(Object.keys(left).filter(name => /-[12]$/.test(name))).toEqual([])
})

test('a domain that has ended is not waited for, however many devices it had', async () => {
  await addAll()
  host.connects = false
  await world.destroy(STUBDOMAIN)
  for (const bdf of BDFS) await backend.remove(bdf, 600_000, signal)
  expect(await host.backend()).toEqual({})
})

const add = (waitMs: number) => backend.add(BDFS[0] ?? '', OPTIONS, waitMs, signal)

test('a backend that dom0’s kernel still has is waited for before there is a new one', async () => {
  const letGo = await host.lingeringBackend()
  const added = add(10_000)
  const looked = await Promise.race([added, backend.add(BDFS[1] ?? '', OPTIONS, 0, signal).catch(error => `${error}`)])
  expect(looked).toMatch(/has not let go of .*pci-\d+-0 within 0 ms/)
  expect(await host.backend()).toEqual({})
  await letGo()
  await added
  expect(await host.backend()).toMatchObject({ num_devs: '1', state: '4' })
})

test('a new pair into which the domain’s kernel writes that it has closed the last one is made once more', async () => {
  host.connects = false
  const added = add(10_000)
  await expect.poll(() => host.backend()).toMatchObject({ num_devs: '1', state: '1' })
  await world.dom0.write(`${BACKEND}/state`, '6')
  await expect.poll(() => host.backend()).toMatchObject({ num_devs: '1', state: '1' })
  host.connects = true
  await world.dom0.write(`${BACKEND}/state`, '4')
  await added
  expect(await host.backend()).toMatchObject({ num_devs: '1', state: '4', 'dev-0': BDFS[0] })
})

test('one that closes although others are in it is left as it is', async () => {
  await backend.add(BDFS[1] ?? '', OPTIONS, 10_000, signal)
  await world.dom0.write(`${BACKEND}/state`, '5')
  await expect(add(100)).rejects.toThrow(/closes/)
  expect(await host.backend()).toMatchObject({ num_devs: '1', state: '5', 'dev-0': BDFS[1] })
})

test('a device whose backend closes and comes back is in it once', async () => {
  await backend.add(BDFS[1] ?? '', OPTIONS, 10_000, signal)
  host.connects = false
  const added = add(10_000)
  await expect.poll(() => host.backend()).toMatchObject({ num_devs: '2', state: '7' })
  await world.dom0.write(`${BACKEND}/state`, '5')
  await world.dom0.write(`${BACKEND}/state`, '4')
  await added
  expect(await host.backend()).toMatchObject({ num_devs: '2', state: '4', 'dev-1': BDFS[0] })
})

test('a new pair that closes, and into which xl has put a device meanwhile, is left as it is', async () => {
  host.connects = false
  const added = add(300)
  await expect.poll(() => host.backend()).toMatchObject({ num_devs: '1', state: '1' })
  await world.dom0.transaction(async store => {
    for (const [name, value] of Object.entries({ 'dev-1': BDFS[1] ?? '', num_devs: '2', state: '6' }))
      await store.write(`${BACKEND}/${name}`, value)
  })
  await expect(added).rejects.toThrow(/closes/)
  expect(await host.backend()).toMatchObject({ num_devs: '2', state: '6', 'dev-0': BDFS[0], 'dev-1': BDFS[1] })
})
