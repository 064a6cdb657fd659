import { describe, expect, test } from 'vitest'
import { RESPONSES_PER_COMMAND_MAX } from '../limits.ts'
import {
  A,
  about,
  answered,
  attach,
  B,
  cancel,
  claiming,
  disconnected,
  executed,
  executing,
  finished,
  hint,
  type Key,
  key,
  left,
  listed,
  ping,
  play,
  read,
  responder,
  type Step,
  started,
  tick,
} from '../testing/responder-play.ts'
import { ENTRIES_MAX } from './desk.ts'
import type { Removal } from './io.ts'

describe('commit', () => {
  test('makes a cancel come too late', () => {
    const agent = responder()
    play(agent, executing)
    expect(agent.commit(key(attach(1)))).toBe(true)
    play(agent, [
      [3, hint(attach(1)), 'read $a1'],
      [4, read(attach(1), { bdf: A }, cancel), 'pending $a1 running too-late'],
      [5, hint(attach(1)), 'read $a1'],
      [6, read(attach(1), { bdf: A }, cancel)],
      [7, executed(attach(1)), 'answer $a1 done'],
    ])
  })

  test('is denied once the command was taken back', () => {
    const agent = responder()
    play(agent, [...executing, [3, hint(attach(1)), 'read $a1'], [4, read(attach(1), { bdf: A }, cancel), 'abort $a1']])
    expect(agent.commit(key(attach(1)))).toBe(false)
  })

  test.each([
    ['claimed', claiming],
    ['ended', answered],
  ])('is denied to a command that is only %s', (_, steps) => {
    const agent = responder()
    play(agent, steps)
    expect(agent.commit(key(attach(1)))).toBe(false)
  })
})

describe('bounds', () => {
  test('over the window the answer is busy, at once; what waits for the guest does not count', () => {
    const agent = responder(2)
    play(agent, [
      ...executing,
      [3, hint(attach(2)), 'read $a2'],
      [4, read(attach(2), { bdf: A })],
      [5, hint(attach(3)), 'read $a3'],
      [6, read(attach(3), { bdf: B }), 'answer $a3 failed not-done busy'],
      [7, about('accepted', attach(1)), 'pending $a1 accepted', 'claim $a2'],
      [8, hint(attach(4)), 'read $a4'],
      [9, read(attach(4), { bdf: B }), 'claim $a4'],
    ])
    expect(agent.inFlight.map(({ id, state }) => [id.slice(-2), state])).toEqual([
      ['a1', 'accepted'],
      ['a2', 'queued'],
      ['a4', 'queued'],
    ])
  })

  test('over the room for uncollected answers new ones wait, called back they are refused, and what was claimed is still cleared up', () => {
    const agent = responder()
    const kept = Array.from({ length: RESPONSES_PER_COMMAND_MAX }, (_, n) => attach(100 + n))
    const answers = kept.map((name): [Key, unknown] => [name, finished])
    play(agent, [
      [0, started([...kept, attach(1), attach(2)], [...answers, [attach(1), left('running')]]), 'read $a1', 'read $a2'],
      [1, read(attach(1), { bdf: A }, { epoch: 'e0e0e0e0' }), 'reconcile $a1'],
      [2, read(attach(2), { bdf: A })],
      [3, hint(ping(1)), 'read $p1'],
      [4, read(ping(1), {})],
      [5, executed(attach(1)), 'answer $a1 done', 'execute $p1'],
      [6, hint(attach(2)), 'read $a2'],
      [7, read(attach(2), { bdf: A }, cancel), 'refused $a2 busy'],
    ])
    expect(agent.inFlight.map(({ id }) => id)).toEqual([key(ping(1)).id])
  })

  test('what there was no room for is found when answers were collected', () => {
    const agent = responder()
    const kept = Array.from({ length: RESPONSES_PER_COMMAND_MAX }, (_, n) => attach(100 + n))
    const [first, ...others] = kept as [Key, ...Key[]]
    play(agent, [
      [
        0,
        started(
          kept,
          kept.map((name): [Key, unknown] => [name, finished]),
        ),
      ],
      [1, hint(attach(2)), 'read $a2'],
      [2, read(attach(2), { bdf: A })],
      [3, hint(first)],
      [53, tick, 'list pci-attach'],
      [54, listed('pci-attach', ...others, attach(2)), `remove ${key(first).id}`, 'read $a2'],
      [55, read(attach(2), { bdf: A }), 'claim $a2'],
    ])
    expect(agent.inFlight.map(({ id }) => id)).toEqual([key(attach(2)).id])
  })

  test('answers that wait for being collected are checked with one listing as soon as they are 32', () => {
    const agent = responder()
    const kept = Array.from({ length: 40 }, (_, n) => attach(100 + n))
    play(agent, [
      [
        0,
        started(
          kept,
          kept.map(name => [name, finished]),
        ),
      ],
      ...kept.slice(0, 31).map((name): Step => [1, hint(name)]),
      [2, hint(kept[31] as Key), 'list pci-attach'],
      [3, hint(kept[32] as Key)],
      [4, listed('pci-attach', ...kept.slice(32)), ...kept.slice(0, 32).map(name => `remove ${key(name).id}`)],
    ])
    expect(agent.wakeAt).toBe(53)
  })

  test('many that went at once do not make it list for ever', () => {
    const agent = responder()
    const kept = Array.from({ length: 40 }, (_, n) => attach(100 + n))
    play(agent, [
      [
        0,
        started(
          kept,
          kept.map(name => [name, finished]),
        ),
      ],
      [1, listed('pci-attach'), 'list pci-attach'],
      [2, listed('pci-attach'), ...kept.slice(0, 32).map(name => `remove ${key(name).id}`)],
      [51, tick, 'list pci-attach'],
      [52, listed('pci-attach'), ...kept.slice(32).map(name => `remove ${key(name).id}`)],
    ])
    expect(agent.wakeAt).toBe(Number.POSITIVE_INFINITY)
    expect(agent.commands.size).toBe(0)
  })

  test('no more ids are held than there is room for; the others are found by a later listing', () => {
    const agent = responder()
    const names = Array.from({ length: ENTRIES_MAX + 1 }, (_, n) => ping(n))
    agent.handle(started(), 0)
    expect(agent.handle(listed('ping', ...names), 1)).toHaveLength(ENTRIES_MAX)
    play(agent, [
      [2, hint(names.at(-1) as Key)],
      [3, read(names[0] as Key, undefined)],
      [4, listed('ping', ...names.slice(1)), `read ${key(names.at(-1) as Key).id}`],
    ])
  })
})

test('of many removals that were under way when the connection was lost, those are wanted again that are not known to be done', () => {
  const agent = responder()
  const orphans = Array.from({ length: 300 }, (_, n): [Key, unknown] => [attach(100 + n), finished])
  const removals = agent.handle(started([], orphans), 0)
  expect(removals).toHaveLength(300)
  for (const effect of removals.slice(0, 100)) agent.handle({ on: 'removed', effect: effect as Removal }, 1)
  expect(agent.handle(disconnected, 2)).toEqual(removals.slice(100))
})

describe('when it wants to be woken', () => {
  test('at deadlines of what waits and of what is under way', () => {
    const agent = responder()
    play(agent, [...executing, [3, hint(attach(2)), 'read $a2'], [4, read(attach(2), { bdf: A }, { deadlineMs: 50 })]])
    expect(agent.wakeAt).toBe(54)
    play(agent, [[54, tick, 'answer $a2 failed not-done deadline']])
    expect(agent.wakeAt).toBe(10_001)
  })

  test('never while nothing waits', () => {
    const agent = responder()
    play(agent, answered)
    expect(agent.wakeAt).toBe(Number.POSITIVE_INFINITY)
  })
})

test('refused names are cut to what fits, the newest are kept', () => {
  const agent = responder()
  agent.handle(started(), 0)
  for (let n = 0; n < 40; n++) {
    const name: Key = `ping/${'X'.repeat(200)}${n}`
    agent.handle(hint(name), 0)
    agent.handle(read(name, {}), 0)
  }
  agent.handle(hint('ping/LAST'), 0)
  agent.handle(read('ping/LAST', {}), 0)
  const { refused } = JSON.parse(agent.refusedNode)
  expect(agent.refusedNode.length).toBeLessThanOrEqual(1_900)
  expect(refused.length).toBeLessThanOrEqual(16)
  expect(refused.at(-1)).toEqual({ command: 'ping', id: 'LAST', code: 'bad-request' })
})
