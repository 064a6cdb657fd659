import { expect, test } from 'vitest'
import { Restarts } from './exit-policy.ts'

const CRASH = { code: null, signal: 'SIGSEGV', lastWords: '' } as const
const ORDERLY = { code: 0, signal: null, lastWords: '' } as const

test('stay and exit do what they say, whatever the end', () => {
  expect(new Restarts('stay').after(CRASH, 0, false)).toMatchObject({ do: 'stay' })
  expect(new Restarts('stay').after(ORDERLY, 0, false)).toMatchObject({ do: 'stay' })
  expect(new Restarts('exit').after(CRASH, 0, false)).toMatchObject({ do: 'end', code: 3 })
  expect(new Restarts('exit').after(ORDERLY, 0, false)).toMatchObject({ do: 'end', code: 0 })
})

test('restart: five times in a row, later each time, then no more', () => {
  const restarts = new Restarts('restart')
  const pauses = Array.from({ length: 5 }, () => restarts.after(CRASH, 1_000, false))
  expect(pauses.map(next => next.do === 'restart' && next.afterMs)).toEqual([500, 1_000, 2_000, 4_000, 8_000])
  expect(restarts.after(CRASH, 1_000, false)).toMatchObject({ do: 'stay' })
})

test('restart: one that lasted a minute begins a new row', () => {
  const restarts = new Restarts('restart')
  for (let i = 0; i < 5; i++) restarts.after(CRASH, 1_000, false)
  expect(restarts.after(CRASH, 60_000, false)).toMatchObject({ do: 'restart', afterMs: 500 })
})

test('restart: neither one that was told to end nor one that was to restore a state', () => {
  expect(new Restarts('restart').after(ORDERLY, 0, false)).toMatchObject({ do: 'end', code: 0 })
  expect(new Restarts('restart').after(CRASH, 0, true)).toMatchObject({ do: 'stay' })
})
