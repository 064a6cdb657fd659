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

/** Every seed of the long runs that broke a promise (docs/simulation.md), with the plans as they are made today. */
export const FAILED_SEEDS: readonly number[] = [
  4532, 7595, 15702, 16483, 19789, 20523, 23771, 23998, 26800, 29108, 29630, 34507, 36309, 40702, 40776, 41977, 46526,
  52342, 55757, 58084, 61382, 63478, 73199, 82765,
]

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
        { at: 0, do: 'slow-qemu', pair: 0, effortMs: 3_000, ms: 20_000 },
        { at: 0, do: 'give', process: 0, pair: 0, command: 'ping', ...SHORT },
        { at: 1_000, do: 'give', process: 0, pair: 0, command: 'pci-detach', bdf: FIRST, ...LONG },
        { at: 1_000, do: 'give', process: 1, pair: 0, command: 'dm-stop', ...LONG },
        { at: 1_200, do: 'stop-xenstored', ms: 29_000 },
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
        // Without it nobody writes anything that would be an event.
        { at: 1_001, do: 'spoil', pair: 0, how: 'remove-hello' },
        { at: 1_002, do: 'cut-agent', pair: 0 },
      ],
    },
  },
  {
    because: 'an epoch that ended while it waited for QEMU’s monitor called that a fault of the agent',
    plan: {
      seed: 58084,
      pairs: 1,
      nodes: 1_000,
      processes: ['node', 'directory', 'node'],
      steps: [
        {
          at: 5061.837434688176,
          do: 'give',
          process: 2,
          pair: 0,
          command: 'save-state',
          resume: false,
          deadlineMs: 3_000,
          graceMs: 200,
        },
        { at: 5062.845972611906, do: 'kill-qemu', pair: 0, backAfterMs: 1 },
        {
          at: 21868.998326445195,
          do: 'give',
          process: 0,
          pair: 0,
          command: 'pci-attach',
          bdf: '0000:03:00.0',
          slot: 1,
          deadlineMs: 1_000,
          graceMs: 2_000,
        },
        { at: 21884.123327545072, do: 'stop-agent', pair: 0, ms: 12_000 },
        { at: 21904.634092944772, do: 'kill-qemu', pair: 0, backAfterMs: 8_000 },
        { at: 21937.827703471172, do: 'stop-agent', pair: 0, ms: 30_000 },
        { at: 35234.152825171186, do: 'restart-xenstored', backAfterMs: 1, domainsAfterMs: 50 },
      ],
    },
  },
  {
    because:
      'after a lost connection a command was seen to begin before the one that it had waited for was seen to be over',
    plan: {
      seed: 46526,
      pairs: 1,
      nodes: 1_000,
      processes: ['node', 'node'],
      steps: [
        { at: 0, do: 'guest', pair: 0, mood: 'ignores', deafMs: 0 },
        ...again(20, [
          { at: 100, do: 'give', process: 0, pair: 0, command: 'pci-detach', bdf: LIBXLS, ...SHORT },
          { at: 101, do: 'give', process: 1, pair: 0, command: 'pci-detach', bdf: LIBXLS, ...SHORT },
          { at: 110, do: 'cut-agent', pair: 0 },
        ]),
      ],
    },
  },
  {
    because:
      'a cancel that waited in a xenstored that stood still made a directory for a domain that had ended meanwhile',
    plan: {
      seed: 4532,
      pairs: 1,
      nodes: 1_000,
      processes: ['node'],
      steps: [
        { at: 0, do: 'give', process: 0, pair: 0, command: 'ping', ...SHORT },
        { at: 1_000, do: 'stop-qemu', pair: 0, ms: 60_000 },
        { at: 1_001, do: 'give', process: 0, pair: 0, command: 'dm-stop', deadlineMs: 300, graceMs: 0 },
        { at: 1_200, do: 'stop-xenstored', ms: 2_000 },
        { at: 1_210, do: 'destroy', pair: 0, clearUpAfterMs: 0 },
      ],
    },
  },
  {
    because:
      'a request that waited in a xenstored that stood still, of a call without grace, made a directory for a domain that had ended',
    plan: {
      seed: 17391,
      pairs: 1,
      nodes: 1_000,
      processes: ['directory', 'directory', 'node'],
      steps: [
        {
          at: 12683.590112486181,
          do: 'give',
          process: 0,
          pair: 0,
          command: 'pci-detach',
          bdf: FIRST,
          deadlineMs: 300,
          graceMs: 2_000,
        },
        { at: 12708.71213275261, do: 'give', process: 2, pair: 0, command: 'ping', deadlineMs: 1_000, graceMs: 0 },
        { at: 12710.21573616654, do: 'pick-up', process: 2, call: 1, deadlineMs: 10_000, graceMs: 2_000 },
        {
          at: 17869.790462956786,
          do: 'give',
          process: 0,
          pair: 0,
          command: 'pci-attach',
          bdf: FIRST,
          slot: 1,
          deadlineMs: 1_000,
          graceMs: 0,
          cancelAfterMs: 2.027592848031777,
        },
        { at: 17869.889096718663, do: 'pick-up', process: 1, call: 0, deadlineMs: 30_000, graceMs: 0 },
        { at: 17870.545703227555, do: 'stop-xenstored', ms: 1_000 },
        { at: 17889.430646084045, do: 'destroy', pair: 0, clearUpAfterMs: 2 },
        { at: 17948.273486707258, do: 'pick-up', process: 1, call: 0, deadlineMs: 30_000, graceMs: 0 },
      ],
    },
  },
  {
    because:
      'a process that slept while another one collected its state took it for lost, and let the device model go on',
    plan: {
      seed: 63478,
      pairs: 1,
      nodes: 1_000,
      processes: ['node', 'node'],
      steps: [
        { at: 0, do: 'give', process: 0, pair: 0, command: 'ping', ...SHORT },
        { at: 1_000, do: 'slow-qemu', pair: 0, effortMs: 300, ms: 3_000 },
        { at: 1_001, do: 'give', process: 0, pair: 0, command: 'save-state', resume: false, ...SHORT },
        { at: 1_100, do: 'stop-dom0', process: 0, ms: 12_000 },
        { at: 5_000, do: 'pick-up', process: 1, call: 0, ...SHORT },
      ],
    },
  },
]
