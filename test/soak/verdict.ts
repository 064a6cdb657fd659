import type { Sample } from './sample.ts'

/** A thing that must not grow, and what became of it. */
export interface Judgement {
  readonly what: string
  readonly unit: 'MB' | ''
  readonly first: number
  readonly last: number
  /** How many samples were judged. */
  readonly samples: number
  /** Per hour, by Theil and Sen: the median of the slopes between any two samples, which single outliers do not move. */
  readonly slope: number | undefined
  /** What that comes to over the time that was judged. */
  readonly drift: number | undefined
  /** The drift that is forgiven. */
  readonly forgiven: number
  readonly verdict: 'steady' | 'grows' | 'too-short'
}

interface Gauge {
  readonly what: string
  readonly unit: 'MB' | ''
  readonly forgiven: number
  /** What is collected only now and then is judged by the lowest of some samples in a row. */
  readonly sawtooth?: boolean
  /** `era`: samples of an earlier one are not compared with this one's; undefined: there is none to take. */
  readonly of: (sample: Sample) => { readonly value: number; readonly era: number } | undefined
}

const MEGABYTE = 1_000_000
/** Samples below which there is no slope worth the name. */
const SAMPLES_MIN = 8
/** Samples among which a sawtooth comes down to its floor. */
const TOOTH = 5
/** The share of the time, from the beginning, in which caches fill, heaps find their size and rings of events come around. */
const WARM_UP = 0.2

/** Judges everything of which there are samples. */
export function judge(samples: readonly Sample[]): Judgement[] {
  const names = Object.keys(samples.at(-1)?.processes ?? {})
  return [...STORE, ...names.flatMap(ofProcess)].map(gauge => judgeOne(gauge, samples))
}

const count = (what: string, forgiven: number, of: (sample: Sample) => number): Gauge => ({
  what,
  unit: '',
  forgiven,
  of: sample => ({ value: of(sample), era: 0 }),
})

const STORE: readonly Gauge[] = [
  // Kept answers whose outcome is unknown come and go: two nodes each.
  count('nodes', 10, ({ nodes }) => nodes),
  count('watches', 2, ({ watches }) => watches),
  count('open transactions', 0.5, ({ transactions }) => transactions),
  count('requests and responses', 10, ({ left }) => left),
  count('state files', 2, ({ stateFiles }) => stateFiles),
  {
    what: 'heap of dom0',
    unit: 'MB',
    forgiven: 2,
    of: ({ dom0HeapBytes }) => ({ value: dom0HeapBytes / MEGABYTE, era: 0 }),
  },
]

function ofProcess(name: string): Gauge[] {
  const of =
    (value: (process: Sample['processes'][string]) => number): Gauge['of'] =>
    ({ processes }) => {
      const process = processes[name]
      return process && { value: value(process), era: process.pid }
    }
  return [
    {
      what: `memory of ${name}`,
      unit: 'MB',
      forgiven: 10,
      sawtooth: true,
      of: of(({ rssBytes }) => rssBytes / MEGABYTE),
    },
    { what: `descriptors of ${name}`, unit: '', forgiven: 2, of: of(({ descriptors }) => descriptors) },
  ]
}

function judgeOne({ what, unit, forgiven, sawtooth, of }: Gauge, samples: readonly Sample[]): Judgement {
  const all = samples.flatMap(sample => {
    const found = of(sample)
    return found ? [{ at: sample.at, ...found }] : []
  })
  const { era } = all.at(-1) ?? { era: 0 }
  const ofEra = all.slice(all.findLastIndex(point => point.era !== era) + 1)
  const begin = ofEra[0]?.at ?? 0
  const end = ofEra.at(-1)?.at ?? 0
  const points = ofEra.filter(({ at }) => at >= begin + WARM_UP * (end - begin))
  const first = points[0]?.value ?? 0
  const last = points.at(-1)?.value ?? 0
  const about = { what, unit, first, last, samples: points.length, forgiven }
  if (points.length < SAMPLES_MIN) return { ...about, slope: undefined, drift: undefined, verdict: 'too-short' }
  const values = sawtooth ? floors(points.map(({ value }) => value)) : points.map(({ value }) => value)
  // A floor stands for the time of the last sample that it is the floor of.
  const perSecond = theilSen(values.map((value, index) => [points.at(index - values.length)?.at ?? 0, value]))
  const drift = perSecond * (end - (points[0]?.at ?? 0))
  return { ...about, slope: perSecond * 3_600, drift, verdict: drift > forgiven ? 'grows' : 'steady' }
}

function floors(values: readonly number[]): number[] {
  return values.slice(TOOTH - 1).map((_, index) => Math.min(...values.slice(index, index + TOOTH)))
}

/** The median of the slopes between any two of the points. */
export function theilSen(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x1, y1], index) =>
    points.slice(index + 1).flatMap(([x2, y2]) => (x2 === x1 ? [] : [(y2 - y1) / (x2 - x1)])),
  )
  const sorted = slopes.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  if (sorted.length === 0) return 0
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2
}
