import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Gate } from '../testing/gate.ts'
import { GUEST, STUBDOMAIN, World } from '../testing/world.ts'
import { Liveness } from './liveness.ts'

const PAIR = { guest: GUEST, stubdomain: STUBDOMAIN }

let world: World
beforeEach(async () => {
  world = await World.start()
})
afterEach(() => world.stop())

test('the end of the stubdomain is noticed by its event, by all who follow it and by nobody else', async () => {
  await world.addPair(10, 11, 'other')
  const liveness = new Liveness(world.connection)
  const [first, second] = [new Gate(), new Gate()]
  let others = 0
  liveness.follow(PAIR, first.open)
  liveness.follow(PAIR, second.open)
  liveness.follow({ guest: 10, stubdomain: 11 }, () => others++)
  await world.destroy(STUBDOMAIN)
  await Promise.all([first.opened, second.opened])
  expect(others).toBe(0)
  expect(world.daemon.counts().domains.get(0)?.watches).toBe(1)
})

test('a guest that its stubdomain pins ends without an event: a check finds out', async () => {
  const liveness = new Liveness(world.connection)
  const gone = new Gate()
  const { check } = liveness.follow(PAIR, gone.open)
  await world.destroy(GUEST)
  check()
  await expect(gone.opened).resolves.toBeUndefined()
})

test.each<[name: string, change: () => Promise<unknown>, alive: boolean]>([
  ['nothing happened', async () => {}, true],
  ['the stubdomain ended', () => world.daemon.destroyDomain(STUBDOMAIN), false],
  ['it got another target', () => world.dom0.write(`/local/domain/${STUBDOMAIN}/target`, '9'), false],
  ['the guest got another one', () => world.dom0.write(`/local/domain/${GUEST}/image/device-model-domid`, '9'), false],
  ['the guest was released', () => world.dom0.rm(`/local/domain/${GUEST}`), false],
])('%s', async (_name, change, alive) => {
  await change()
  await expect(new Liveness(world.connection).isAlive(PAIR)).resolves.toBe(alive)
})

test('nobody follows any more: no watch is left', async () => {
  const liveness = new Liveness(world.connection)
  liveness.follow(PAIR, () => {}).stop()
  await world.dom0.exists('/')
  expect(world.daemon.counts().watches).toBe(0)
})

describe('a kept watch', () => {
  test('is there once, and looks once for many who follow one after the other', async () => {
    const liveness = new Liveness(world.connection, { keepWatch: true })
    const settled = () => world.dom0.exists('/')
    liveness.follow(PAIR, () => {}).stop()
    await settled()
    // The watch's first event came when nobody followed any more: the next one looks.
    liveness.follow(PAIR, () => {}).stop()
    await settled()
    const before = world.daemon.counts().operations
    for (let n = 0; n < 10; n++) liveness.follow(PAIR, () => {}).stop()
    await settled()
    expect(world.daemon.counts().operations - before, 'nothing but our own question').toBe(1)
    liveness.close()
    await settled()
    expect(world.daemon.counts().watches).toBe(0)
  })

  test('tells the next one who follows of an end that came while nobody did', async () => {
    const liveness = new Liveness(world.connection, { keepWatch: true })
    liveness.follow(PAIR, () => {}).stop()
    await world.dom0.exists('/')
    await world.destroy(STUBDOMAIN)
    const gone = new Gate()
    liveness.follow(PAIR, gone.open)
    await expect(gone.opened).resolves.toBeUndefined()
    liveness.close()
  })
})
