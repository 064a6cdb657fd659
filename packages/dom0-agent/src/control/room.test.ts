import { encodeJson, idGenerator, Layout, REQUESTS_PER_COMMAND_MAX } from '@stubdom/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CONTROL, STUBDOMAIN, World } from '../testing/world.ts'
import { ensureControlDirectory } from './directory.ts'
import { Room } from './room.ts'

const newId = idGenerator(Date.now, Math.random)
const ids = (count: number): string[] => Array.from({ length: count }, newId)

let world: World
beforeEach(async () => {
  world = await World.start()
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
})
afterEach(() => world.stop())

async function write(...written: string[]): Promise<void> {
  const request = encodeJson({ v: 1, epoch: 'epoch00001', deadlineMs: 5_000, args: {} })
  await Promise.all(written.map(id => world.dom0.write(`${CONTROL}/${Layout.request('ping', id)}`, request)))
}

async function taken(room: Room, count: number): Promise<number> {
  const answers = await Promise.all(ids(count).map(id => room.take('ping', id)))
  return answers.filter(Boolean).length
}

test('many that ask at once get no more room than there is, however little of it stands in the store yet', async () => {
  const room = new Room(world.dom0, STUBDOMAIN)
  expect(await taken(room, 500)).toBe(REQUESTS_PER_COMMAND_MAX)
})

test('what others have written counts, other commands do not', async () => {
  await write(...ids(60))
  const room = new Room(world.dom0, STUBDOMAIN)
  await room.sweep()
  expect(await taken(room, 10)).toBe(4)
  expect(await room.take('status', newId())).toBe(true)
})

test('what was collected makes room, what stays until it expires does not', async () => {
  const room = new Room(world.dom0, STUBDOMAIN)
  const [collected = '', left = '', ...more] = ids(REQUESTS_PER_COMMAND_MAX)
  for (const id of [collected, left, ...more]) expect(await room.take('ping', id)).toBe(true)
  await write(left)
  room.end('ping', left, false)
  expect(await room.take('ping', newId())).toBe(false)
  room.end('ping', collected, true)
  expect(await taken(room, 10)).toBe(1)
})

test('a clock that is set makes nothing old that this process waits for', async () => {
  const fromTomorrow = idGenerator(() => Date.now() + 86_400_000, Math.random)
  const [ours, sending, future, others] = [fromTomorrow(), fromTomorrow(), fromTomorrow(), newId()]
  const room = new Room(world.dom0, STUBDOMAIN)
  for (const id of [ours, sending]) await room.take('ping', id)
  await write(ours, future, others)
  await world.dom0.write(`${CONTROL}/${Layout.requestPart(sending, 0)}`, 'x')
  await room.sweep()
  const left = [ours, others].map(id => Layout.request('ping', id))
  expect((await world.requests()).toSorted()).toEqual([...left, Layout.requestPart(sending, 0)].toSorted())
})
