import { expect, test } from 'vitest'
import { IdleMemory } from './idle-memory.ts'

const MB = 1024 * 1024

test('memory is collected once after work, when there is no more of it', () => {
  const memory = new IdleMemory()
  const looks = [6, 6, 9, 20, 14, 14, 14.1].map(mb => memory.look(mb * MB))
  expect(looks, 'the start is work, too').toEqual([false, true, false, false, false, true, true])
  memory.collected(7 * MB)
  expect([7, 7.05, 7.1, 7.2].map(mb => memory.look(mb * MB))).toEqual([false, false, false, false])
  expect(
    [7.9, 8.1, 8.15].map(mb => memory.look(mb * MB)),
    'little by little counts',
  ).toEqual([false, true, true])
})
