import { encodeJson, Layout } from '@stubdom/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ensureControlDirectory } from '../control/directory.ts'
import { SILENT } from '../logger.ts'
import { HELLO } from '../testing/agent.ts'
import { CONTROL, STUBDOMAIN, World } from '../testing/world.ts'
import { DirectoryHints } from './directory-hints.ts'
import { EventBudget, NOISE } from './hints.ts'
import { NodeHints } from './node-hints.ts'

let world: World
const reports: string[] = []
const report = (why: string): void => void reports.push(why)
beforeEach(async () => {
  reports.length = 0
  world = await World.start()
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
})
afterEach(() => world.stop())

test('a budget is used up, and comes back with time', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const budget = new EventBudget()
    const spent = (): number => Array.from({ length: 1_000 }, () => budget.spend()).filter(Boolean).length
    expect(spent()).toBe(100)
    vi.advanceTimersByTime(60_000)
    expect(spent()).toBe(100)
  } finally {
    vi.useRealTimers()
  }
})

test('a budget grows with the commands that are given, within bounds', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const budget = new EventBudget()
    for (let n = 0; n < 1_000; n++) {
      budget.expect()
      const spent = Array.from({ length: 8 }, () => budget.spend())
      expect(spent).not.toContain(false)
    }
    for (let n = 0; n < 10_000; n++) budget.expect()
    const spent = Array.from({ length: 100_000 }, () => budget.spend()).filter(Boolean)
    expect(spent.length).toBeLessThanOrEqual(20_000)
  } finally {
    vi.useRealTimers()
  }
})

/** Follows an id and waits for looks. */
function follow(hints: NodeHints | DirectoryHints, id: string) {
  const seen = { looks: 0 }
  const stop = hints.follow('ping', id, () => seen.looks++)
  const until = (looks: number): Promise<void> =>
    vi.waitFor(() => expect(seen.looks).toBeGreaterThanOrEqual(looks), 10_000)
  return { seen, stop, until }
}

describe('a directory watch', () => {
  test('tells all who wait for the same id: one may be picked up where it was given', async () => {
    const hints = new DirectoryHints(world.connection, STUBDOMAIN, SILENT, report)
    const [given, pickedUp] = [follow(hints, 'a'), follow(hints, 'a')]
    await Promise.all([given.until(1), pickedUp.until(1)])
    const before = given.seen.looks
    pickedUp.stop()
    const agent = await world.inDomain(STUBDOMAIN)
    await agent.write(`dm-control/${Layout.response('ping', 'a')}`, '{}')
    await given.until(before + 1)
    expect(pickedUp.seen.looks).toBeLessThanOrEqual(before)
    hints.close()
  })

  test('finds the one call that an event is for; an event of no id concerns all', async () => {
    const hints = new DirectoryHints(world.connection, STUBDOMAIN, SILENT, report)
    const [a, b] = [follow(hints, 'a'), follow(hints, 'b')]
    const agent = await world.inDomain(STUBDOMAIN)
    await Promise.all([a.until(1), b.until(1)])
    const before = b.seen.looks
    await agent.write(`dm-control/${Layout.response('ping', 'a')}`, '{}')
    await a.until(2)
    expect(b.seen.looks).toBe(before)
    await agent.write(`dm-control/${Layout.response('ping', 'other')}`, '{}')
    await agent.rm(`dm-control/${Layout.responsesOf('ping')}`)
    await b.until(before + 1)
    b.stop()
    a.stop()
    hints.close()
  })

  test('holds a live view of hello', async () => {
    const hints = new DirectoryHints(world.connection, STUBDOMAIN, SILENT, report)
    follow(hints, 'a')
    const agent = await world.inDomain(STUBDOMAIN)
    const epoch = (expected: string | undefined) => vi.waitFor(() => expect(hints.liveEpoch()).toBe(expected), 10_000)
    await agent.write(`dm-control/${Layout.hello}`, encodeJson(HELLO))
    await epoch(HELLO.epoch)
    await agent.write(`dm-control/${Layout.hello}`, encodeJson({ ...HELLO, epoch: 'epoch00002' }))
    await epoch('epoch00002')
    await agent.rm(`dm-control/${Layout.hello}`)
    await epoch(undefined)
    hints.close()
  })
})

test('events that concern all make all look together, and not each time', async () => {
  const hints = new DirectoryHints(world.connection, STUBDOMAIN, SILENT, report)
  const calls = Array.from({ length: 50 }, (_, n) => follow(hints, `${n}`))
  await Promise.all(calls.map(({ until }) => until(1)))
  const agent = await world.inDomain(STUBDOMAIN)
  const begun = performance.now()
  for (let n = 0; n < 400; n++) await agent.write(`dm-control/${Layout.responses}/x`, `${n}`)
  await calls[0]?.until(2)
  const looks = calls.map(({ seen }) => seen.looks)
  // One in fifty milliseconds; timers come a little early.
  expect(Math.max(...looks)).toBeLessThan(5 + (performance.now() - begun) / 49)
  hints.close()
})

test('a stubdomain that is noisy again and again is listened to less and less', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const hints = new DirectoryHints(world.connection, STUBDOMAIN, SILENT, report)
    const agent = await world.inDomain(STUBDOMAIN)
    const watches = (): number => world.daemon.counts().domains.get(0)?.watches ?? 0
    const listens = async (id: string): Promise<boolean> => {
      const before = watches()
      hints.follow('ping', id, () => undefined)
      // The watches, if any, were sent before this is answered.
      await world.dom0.exists(CONTROL)
      return watches() > before
    }
    const makeNoise = async (): Promise<void> => {
      const before = watches()
      for (let n = 0; watches() === before; n++) await agent.write(`dm-control/${Layout.hello}`, `${n}`)
    }
    expect(await listens('a')).toBe(true)
    await makeNoise()
    const quiet: boolean[] = []
    for (const seconds of [9, 2]) {
      vi.advanceTimersByTime(seconds * 1_000)
      quiet.push(await listens(`a${seconds}`))
    }
    await makeNoise()
    for (const seconds of [11, 10]) {
      vi.advanceTimersByTime(seconds * 1_000)
      quiet.push(await listens(`b${seconds}`))
    }
    expect(quiet).toEqual([false, true, false, true])
    hints.close()
  } finally {
    vi.useRealTimers()
  }
})

test.each(['node', 'directory'] as const)('a noisy stubdomain is not listened to any more (%s)', async style => {
  const hints =
    style === 'node'
      ? new NodeHints(world.connection, STUBDOMAIN, SILENT, report)
      : new DirectoryHints(world.connection, STUBDOMAIN, SILENT, report)
  const { seen, until } = follow(hints, 'a')
  await until(1)
  const agent = await world.inDomain(STUBDOMAIN)
  const watches = (): number => world.daemon.counts().domains.get(0)?.watches ?? 0
  const before = watches()
  // The clock stands still: nothing comes back into the budget.
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    // Each write is answered before the next one, so that few events are merged.
    for (let n = 0; n < 5_000 && watches() === before; n++) {
      await agent.write(`dm-control/${Layout.response('ping', 'a')}`, `${n}`)
    }
  } finally {
    vi.useRealTimers()
  }
  expect(watches()).toBeLessThan(before)
  expect(seen.looks).toBeLessThanOrEqual(108)
  expect(reports).toEqual([NOISE])
  hints.close()
})
