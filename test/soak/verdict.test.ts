import { describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import type { Sample } from './sample.ts'
import { type Judgement, judge, theilSen } from './verdict.ts'

const MB = 1_000_000

type Said = Partial<Sample> & { rssMB?: number; pid?: number }
type Course = (minute: number, noise: number) => Said

/** A sample each minute; what is not said stays as it is. */
function samples(count: number, of: (minute: number) => Said): Sample[] {
  return Array.from({ length: count }, (_, minute) => {
    const { rssMB = 80, pid = 5, ...rest } = of(minute)
    const processes = { dom0: { pid, rssBytes: rssMB * MB, descriptors: 20 } }
    const still = { nodes: 150, watches: 9, transactions: 0, left: 0, stateFiles: 0, dom0HeapBytes: 9 * MB }
    return { at: 60 * minute, ...still, processes, ...rest }
  })
}

function verdicts(taken: readonly Sample[]): Record<string, Judgement['verdict']> {
  return Object.fromEntries(judge(taken).map(({ what, verdict }) => [what, verdict]))
}

describe('the verdict of half an hour', () => {
  test('is that nothing grows where nothing does', () => {
    expect(new Set(Object.values(verdicts(samples(30, () => ({})))))).toEqual(new Set(['steady']))
  })

  test.each<[string, string, Course]>([
    ['a node a minute', 'nodes', (minute, noise) => ({ nodes: 150 + minute + Math.round(6 * noise) })],
    ['a watch every six minutes', 'watches', minute => ({ watches: 9 + Math.floor(minute / 6) })],
    ['1 MB a minute under 20 MB of noise', 'memory of dom0', (minute, noise) => ({ rssMB: 80 + minute + 20 * noise })],
    ['1 MB a minute under a saw', 'memory of dom0', minute => ({ rssMB: 60 + minute + 10 * (minute % 5) })],
    ['4 MB of heap', 'heap of dom0', minute => ({ dom0HeapBytes: (9 + (4 * minute) / 30) * MB })],
  ])('finds %s', (_, what, of) => {
    const random = new Random(1)
    const found = verdicts(samples(30, minute => of(minute, random.fraction())))
    expect(Object.entries(found).filter(([, verdict]) => verdict === 'grows')).toEqual([[what, 'grows']])
  })

  test.each<[string, Course]>([
    [
      'growth that ends after the beginning',
      minute => ({ rssMB: 80 + Math.min(minute, 5) * 10, nodes: 100 + Math.min(minute, 5) * 30 }),
    ],
    ['single outliers, however large', minute => ({ nodes: minute % 7 === 6 ? 900 : 150 })],
    ['noise', (_, noise) => ({ rssMB: 80 + 30 * noise, nodes: 150 + Math.round(20 * noise) })],
    ['the teeth of a saw', minute => ({ rssMB: 60 + 10 * ((minute + 1) % 5) })],
    ['what shrinks', minute => ({ rssMB: 120 - minute })],
    [
      'a process that was begun anew: what was before does not count',
      minute => ({ rssMB: minute < 12 ? 40 : 90, pid: minute < 12 ? 5 : 6 }),
    ],
  ])('forgives %s', (_, of) => {
    const random = new Random(2)
    const found = verdicts(samples(30, minute => of(minute, random.fraction())))
    expect(new Set(Object.values(found))).toEqual(new Set(['steady']))
  })

  test('is not given on a few samples', () => {
    expect(new Set(Object.values(verdicts(samples(6, minute => ({ nodes: minute * 100 })))))).toEqual(
      new Set(['too-short']),
    )
    const young = verdicts(samples(30, minute => ({ pid: minute < 26 ? 5 : 6 })))
    expect(young).toMatchObject({ nodes: 'steady', 'memory of dom0': 'too-short' })
  })
})

test.each([
  [
    [
      [0, 1],
      [1, 3],
      [2, 5],
    ],
    2,
  ],
  [
    [
      [0, 1],
      [1, 2],
      [2, 100],
      [3, 4],
    ],
    1,
  ],
  [[[5, 1]], 0],
  [[], 0],
] as [[number, number][], number][])('the slope of %j is %d', (points, slope) => {
  expect(theilSen(points)).toBe(slope)
})
