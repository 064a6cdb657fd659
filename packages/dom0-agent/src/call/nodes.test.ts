import { Layout } from '@stubdom/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureControlDirectory } from '../control/directory.ts'
import { CONTROL, GUEST, STUBDOMAIN, World } from '../testing/world.ts'
import { CallNodes } from './nodes.ts'

const ID = '0mhx3k2a-0000001'
const REQUEST = `${CONTROL}/${Layout.request('ping', ID)}`
const CANCEL = '{"v":1,"epoch":"epoch00001","deadlineMs":5000,"args":{},"cancel":true}'

let world: World
let nodes: CallNodes
beforeEach(async () => {
  world = await World.start()
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
  nodes = new CallNodes(world.connection, STUBDOMAIN, 'ping', ID)
})
afterEach(() => world.stop())

test('a cancel stands also where the request was collected', async () => {
  await nodes.rewriteRequest(CANCEL)
  expect(await world.dom0.readText(REQUEST)).toBe(CANCEL)
})

test('a cancel makes no directory for a domain that is gone', async () => {
  await world.destroy(STUBDOMAIN)
  await world.destroy(GUEST)
  await nodes.rewriteRequest(CANCEL)
  expect(await world.dom0.list('/local/domain')).toEqual([])
})

test.each([
  ['removed', () => nodes.removeRequest(false)],
  ['taken back', () => nodes.withdraw(false)],
])('a request that is %s while its cancel is on its way does not come again', async (_, remove) => {
  await nodes.writeRequest({ node: CANCEL.replace(',"cancel":true', ''), parts: [] })
  await Promise.all([nodes.rewriteRequest(CANCEL), remove()])
  expect(await nodes.readRequest()).toBeUndefined()
})
