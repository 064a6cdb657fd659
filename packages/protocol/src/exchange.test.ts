import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from './commands/index.ts'
import { Layout, parseNodeName } from './layout.ts'
import { type Choose, World } from './testing/world.ts'

const kinds = [
  { definition: COMMANDS.ping, args: {} },
  { definition: COMMANDS['pci-attach'], args: { bdf: '0000:03:00.0' } },
  { definition: COMMANDS['pci-attach'], args: { bdf: '0000:04:00.0' } },
]

/** What may happen to everybody, and how often a thing happens in the store or to somebody's queue instead. */
const disturbances = { call: 4, cancel: 3, sleep: 8, relist: 2, expire: 2, reconnect: 1, restart: 1, step: 79 }
type Disturbance = keyof typeof disturbances
const names = Object.entries(disturbances).flatMap(([name, weight]) => Array.from({ length: weight }, () => name))

/** Numbers that a seed decides (mulberry32). */
function chooser(seed: number): Choose {
  let state = seed
  return count => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(count, 1)
  }
}

/** Runs callers and one agent in an order that the seed decides; in the end everything comes to rest. */
function run(seed: number, steps: number, lossy: boolean, allowed: ReadonlySet<Disturbance>): World {
  const choose = chooser(seed)
  const world = new World(choose, lossy)
  const call = () => {
    const n = world.callers.length
    if (n >= 6) return
    const kind = kinds[choose(kinds.length)] as (typeof kinds)[number]
    world.add({ ...kind, id: `0mhx3k2a-${n}`, deadlineMs: 100 + 100 * choose(20), graceMs: 200 })
  }
  call()
  for (let step = 0; step < steps; step++) {
    const name = names[choose(names.length)] as Disturbance
    if (!allowed.has(name)) world.step()
    else if (name === 'call') call()
    else world[name]()
  }
  world.settle()
  return world
}

/** Every request that is left is removed, as other processes of dom0 do in time, and the agent looks once more. */
function collect(world: World): string[] {
  const requests = [...world.store.keys()].filter(path => parseNodeName(path).kind === 'request')
  for (const path of requests) world.remove(path)
  world.settle()
  world.reconnect()
  world.settle()
  return [...world.store.keys()].filter(path => path !== Layout.refused)
}

/** What was promised and not kept. */
function broken(world: World, lossy: boolean): string[] {
  const unknown = new Set<string>()
  const promises: [kept: boolean, what: string][] = []
  for (const { call, verdict, endedAt, endBy } of world.callers) {
    const { id, definition } = call.spec
    const effects = world.effects.get(id) ?? 0
    const { outcome } = verdict ?? { outcome: 'none' }
    if (outcome === 'unknown') unknown.add(id)
    const about = `${definition.name} ${id} ${outcome}`
    promises.push([endedAt !== undefined && endedAt <= endBy, `${about}: ended at ${endedAt}, not by ${endBy}`])
    if (definition.replay === 'repeatable') continue
    const allowed = outcome === 'done' ? [1] : outcome === 'unknown' ? [0, 1] : [0]
    promises.push([allowed.includes(effects), `${about}: carried out ${effects} times`])
  }
  // Whoever knows how it ended has removed the request, and the agent the answer if it could notice.
  for (const path of world.store.keys()) {
    const node = parseNodeName(path)
    const owned = node.kind === 'request' || (node.kind === 'response' && !lossy)
    promises.push([!owned || unknown.has(node.id), `${path} is left`])
  }
  return promises.flatMap(([kept, what]) => (kept ? [] : [what]))
}

describe('some callers and an agent, whatever happens in whatever order:', () => {
  test.each<[string, boolean, Disturbance[]]>([
    ['nothing goes wrong', false, ['call', 'cancel', 'sleep', 'relist', 'step']],
    ['watches lose events', true, ['call', 'cancel', 'sleep', 'relist', 'step']],
    ['requests are removed by others', true, ['call', 'cancel', 'sleep', 'relist', 'expire', 'step']],
    ['connections of the agent break', true, ['call', 'cancel', 'sleep', 'relist', 'reconnect', 'step']],
    ['agents die', true, ['call', 'cancel', 'sleep', 'relist', 'restart', 'step']],
  ])('%s', (_, lossy, allowed) => {
    fc.assert(
      fc.property(fc.noShrink(fc.integer()), fc.nat({ max: 800 }), (seed, steps) => {
        const world = run(seed, steps, lossy, new Set(allowed))
        expect(broken(world, lossy)).toEqual([])
        expect(collect(world)).toEqual([])
      }),
      { numRuns: 400 },
    )
  })
})
