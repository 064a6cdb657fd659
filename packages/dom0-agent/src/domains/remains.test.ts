import { controlPath, Layout } from '@stubdom/protocol'
import type { XenstoreData } from '@stubdom/xenstore'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { STUBDOMAIN, World } from '../testing/world.ts'
import { domainPath } from './pair.ts'
import { removeRemains } from './remains.ts'

const HOME = domainPath(STUBDOMAIN)

let world: World
beforeEach(async () => {
  world = await World.start()
  await world.destroy(STUBDOMAIN)
  await world.dom0.rm(HOME)
  await world.dom0.write(`${controlPath(STUBDOMAIN)}/${Layout.request('ping', 'late')}`, '{}')
})
afterEach(() => world.stop())

test('a directory that a late write resurrected goes', async () => {
  await removeRemains(world.dom0, STUBDOMAIN)
  expect(await world.dom0.exists(HOME)).toBe(false)
})

test('a domain of the same number that is being laid out keeps its directory', async () => {
  let isLaidOut = false
  const layOut = async (): Promise<void> => {
    if (!isLaidOut) await world.dom0.write(`${HOME}/target`, '6')
    isLaidOut = true
  }
  const client = afterListing(world.dom0, layOut)
  const transaction = (body: (data: XenstoreData) => Promise<void>) =>
    world.dom0.transaction(data => body(afterListing(data, layOut)))
  await removeRemains(Object.assign(client, { transaction }), STUBDOMAIN)
  expect(await world.dom0.readText(`${HOME}/target`)).toBe('6')
})

/** Lets something else happen between a listing and what is done about it. */
function afterListing<T extends XenstoreData>(data: T, happens: () => Promise<void>): T {
  const list = async (path: string): Promise<string[]> => {
    const names = await data.list(path)
    await happens()
    return names
  }
  const members = new Map<string | symbol, unknown>([['list', list]])
  return new Proxy(data, {
    get: (target, name) => members.get(name) ?? (Reflect.get(target, name, target) as () => unknown).bind(target),
    set: (_, name, value) => members.set(name, value) === members,
  })
}
