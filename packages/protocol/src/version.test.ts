import { expect, test } from 'vitest'
import { commonVersion, formatRange, type VersionRange } from './version.ts'

test.each<[VersionRange, VersionRange, number | undefined]>([
  [[1, 1], [1, 1], 1],
  [[1, 3], [2, 5], 3],
  [[2, 5], [1, 3], 3],
  [[1, 9], [4, 4], 4],
  [[1, 1], [2, 2], undefined],
  [[3, 4], [1, 2], undefined],
])('%j and %j have %s in common', (peer, ours, expected) => {
  expect(commonVersion(peer, ours)).toBe(expected)
})

test('ranges are written for people', () => {
  expect(formatRange([1, 1])).toBe('1')
  expect(formatRange([1, 3])).toBe('1–3')
})
