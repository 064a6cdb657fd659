import { expect, test } from 'vitest'
import { statistics } from './ping.ts'

test.each<[times: number[], stats: [number, number, number]]>([
  [[1.23456], [1.235, 1.235, 1.235]],
  [
    [3, 1, 2],
    [1, 2, 3],
  ],
  [
    [1, 2, 3, 4],
    [1, 2, 4],
  ],
  [Array.from({ length: 200 }, (_, n) => n + 1), [1, 100, 198]],
  [[], [0, 0, 0]],
])('min, median and p99 of %j', (times, [minMs, medianMs, p99Ms]) => {
  expect(statistics(times)).toEqual({ minMs, medianMs, p99Ms })
})
