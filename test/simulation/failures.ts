import type { Plan } from './plan/step.ts'

/** A world in which a promise was broken once, cut down to what it took. */
export interface Failure {
  /** What was wrong with the programs then. */
  readonly because: string
  /** The seed that found it, with the plans of that time. */
  readonly plan: Plan
}

const FIRST = '0000:03:00.0'
const LIBXLS = '0000:06:00.0'
const LONG = { deadlineMs: 30_000, graceMs: 2_000 } as const
const SHORT = { deadlineMs: 3_000, graceMs: 200 } as const

/** Repeats what happens in a world, a second apart: what luck decides in it has many chances. */
function again(times: number, steps: Plan['steps']): Plan['steps'] {
  return Array.from({ length: times }, (_, n) => steps.map(step => ({ ...step, at: step.at + 1_000 * n }))).flat()
}

export const FAILURES: readonly Failure[] = [
  {
    because: 'a guest that refused before QEMU had answered device_del was taken for one that had given the device up',
    plan: {
      seed: 2134,
      pairs: 1,
      nodes: 1_000,
      processes: ['node'],
      steps: [
        { at: 0, do: 'guest', pair: 0, mood: 'refuses', deafMs: 0 },
        ...again(20, [{ at: 100, do: 'give', process: 0, pair: 0, command: 'pci-detach', bdf: LIBXLS, ...LONG }]),
      ],
    },
  },
  {
    because: 'an operation that xenstored left without a reply for 25 s held its command up for ever',
    plan: {
      seed: 2304,
      pairs: 1,
      nodes: 1_000,
      processes: ['directory', 'node'],
      steps: [
        { at: 0, do: 'give', process: 0, pair: 0, command: 'pci-detach', bdf: FIRST, ...SHORT },
        { at: 500, do: 'give', process: 1, pair: 0, command: 'ping', ...SHORT },
        { at: 1_000, do: 'give', process: 0, pair: 0, command: 'pci-detach', bdf: LIBXLS, ...SHORT },
        { at: 1_000, do: 'guest', pair: 0, mood: 'answers', deafMs: 0 },
        { at: 1_006, do: 'stop-xenstored', ms: 28_000 },
      ],
    },
  },
  {
    because: 'an agent whose hello was removed by somebody else in its domain never said hello again',
    plan: {
      seed: 2120,
      pairs: 1,
      nodes: 1_000,
      processes: ['directory'],
      steps: [
        { at: 0, do: 'give', process: 0, pair: 0, command: 'ping', ...SHORT },
        { at: 1_000, do: 'spoil', pair: 0, how: 'remove-hello' },
      ],
    },
  },
  {
    because: 'an agent to which the first event of its watch was lost waited for ever for the control directory',
    plan: {
      seed: 10815,
      pairs: 1,
      nodes: 1_000,
      processes: ['directory'],
      steps: [
        { at: 0, do: 'give', process: 0, pair: 0, command: 'ping', ...SHORT },
        { at: 1_000, do: 'disturb-watches', faults: { lose: 1, duplicate: 0, delay: 0, spurious: 0 }, ms: 3_000 },
        { at: 1_001, do: 'cut-agent', pair: 0 },
      ],
    },
  },
  {
    because: 'a call whose id was picked up in the same process heard nothing of its response any more',
    plan: {
      seed: 36,
      pairs: 1,
      nodes: 1_000,
      processes: ['directory'],
      steps: [
        { at: 0, do: 'give', process: 0, pair: 0, command: 'ping', ...SHORT },
        { at: 5_000, do: 'stop-agent', pair: 0, ms: 100 },
        { at: 5_001, do: 'give', process: 0, pair: 0, command: 'ping', ...SHORT },
        { at: 5_050, do: 'pick-up', process: 0, call: 0, ...SHORT },
      ],
    },
  },
  {
    because: 'who cleared up after a dead domain removed the directory of a new one of the same number',
    plan: {
      seed: 60738,
      pairs: 1,
      nodes: 1_000,
      processes: ['node', 'directory'],
      steps: again(6, [
        { at: 500, do: 'give', process: 0, pair: 0, command: 'pci-list', ...SHORT },
        { at: 999, do: 'give', process: 0, pair: 0, command: 'pci-detach', bdf: LIBXLS, ...LONG },
        { at: 999.5, do: 'give', process: 0, pair: 0, command: 'ping', ...SHORT },
        { at: 1_000, do: 'destroy', pair: 0, clearUpAfterMs: 0, reuseAfterMs: 0.4 },
      ]),
    },
  },
]
