import { setImmediate as settled } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import type { StoreEffect } from './control/io.ts'
import { Engine, type EngineParts } from './engine.ts'
import { type AgentOptions, parseOptions } from './options.ts'
import { Turn } from './pci/turn.ts'
import { Monitor } from './qemu/monitor.ts'

const log = pino({ level: 'silent' })

let engine: Engine
afterEach(() => engine.stop())

/** Nothing is carried out here: the monitor, which is not connected, and the states have no part in it. */
function startEngine(): void {
  const options = parseOptions(['--qmp', '/nowhere']) as AgentOptions
  const monitor = new Monitor(options.qmp, log)
  const states = {} as EngineParts['states']
  engine = new Engine({ options, monitor, states, turn: new Turn(), arrivals: undefined, log })
}

/** A connection that does all it is told to, or nothing of it. @returns what it was told */
function attached({ does }: { does: boolean }): StoreEffect[] {
  const told: StoreEffect[] = []
  engine.attach(async effect => {
    told.push(effect)
    return does
  })
  return told
}

const ORPHAN = { do: 'remove-parts', id: '0mhx3k2a-00abcde' } as const

test.each([
  ['that one connection removed is not removed by the next', true, []],
  ['that was lost with the connection is removed by the next', false, [ORPHAN]],
])('what an earlier agent left and %s', async (_, does, again) => {
  startEngine()
  const first = attached({ does })
  engine.tell({ on: 'started', requests: [], responses: [], responseParts: [ORPHAN.id] })
  expect(first).toContainEqual(ORPHAN)
  await settled()
  engine.detach()
  const second = attached({ does: true })
  expect(second.filter(effect => effect.do === 'remove-parts')).toEqual(again)
})
