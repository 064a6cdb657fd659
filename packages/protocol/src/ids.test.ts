import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idGenerator, idTime, isCommandId } from './ids.ts'

describe('command ids', () => {
  test.each([
    ['0mhx3k2a-00abcde', true],
    ['0mhx3k2a-x', true],
    ['0mhx3k2a-', false],
    ['0mhx3k2a-12345678', false],
    ['0mhx3k2-00abcde', false],
    ['0MHX3K2A-00abcde', false],
    ['0mhx3k2a_00abcde', false],
    ['0mhx3k2a-00abcde\n', false],
    ['../../..-a', false],
    ['', false],
  ])('%j is one: %s', (text, expected) => {
    expect(isCommandId(text)).toBe(expected)
  })

  test('carry the time at which they were made', () => {
    const next = idGenerator(
      () => 1_763_000_000_123.9,
      () => 0.5,
    )
    expect(idTime(next())).toBe(1_763_000_000_123)
  })

  test('rise whatever the clock does, and never repeat', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 2, maxLength: 200 }), steps => {
        let now = 1_700_000_000_000
        const next = idGenerator(
          () => now,
          () => 0,
        )
        const ids = steps.map(step => {
          now += step
          return next()
        })
        expect(ids.every(isCommandId)).toBe(true)
        expect(ids.toSorted()).toEqual(ids)
        expect(new Set(ids).size).toBe(ids.length)
      }),
    )
  })

  test('rise past the number of them that fits into one millisecond of a clock that stands still', () => {
    const next = idGenerator(
      () => 1_700_000_000_000,
      () => 0.999_999_999,
    )
    const ids = Array.from({ length: 3 * 36 ** 2 }, next)
    expect(ids.toSorted()).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
    expect(idTime(ids.at(-1) as string)).toBe(1_700_000_000_002)
  })

  test('of two makers in the same millisecond differ by their random part', () => {
    const clock = () => 1_700_000_000_000
    const one = idGenerator(clock, () => 0.25)
    const other = idGenerator(clock, () => 0.75)
    expect(one()).not.toBe(other())
  })
})
