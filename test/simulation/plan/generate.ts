import { Random } from '../engine/random.ts'
import type { Action, Plan, PlannedCommand, Step } from './step.ts'

/** Milliseconds over which commands are given. */
const SPAN_MS = 40_000

/** Devices that commands are about; the last one stands there from the start, with libxl's name. */
const DEVICES = ['0000:03:00.0', '0000:04:00.0', '0000:06:00.0'] as const

const COMMANDS = {
  'pci-attach': 9,
  'pci-detach': 6,
  'dm-stop': 2,
  'dm-cont': 2,
  'save-state': 2,
  ping: 2,
  status: 1,
  'pci-list': 1,
} as const

/** What can go wrong, and how often in a world in which it does. Each world has some of it: with everything at once little would ever be under way. */
const TROUBLES = {
  'disturb-watches': 2,
  'fill-quota': 1,
  conflicts: 1,
  'stop-xenstored': 1,
  'restart-xenstored': 1,
  'kill-agent': 3,
  'stop-agent': 2,
  'cut-agent': 3,
  'kill-dom0': 2,
  'stop-dom0': 2,
  'cut-dom0': 3,
  'kill-qemu': 2,
  'stop-qemu': 2,
  'slow-qemu': 2,
  'lose-qemu-events': 2,
  guest: 3,
  destroy: 1,
  'set-clock': 2,
  'pick-up': 4,
  spoil: 1,
} as const
type Trouble = keyof typeof TROUBLES

/** What the world of a seed will go through. */
export function generatePlan(seed: number): Plan {
  const random = new Random(seed, 'plan')
  const pairs = random.chance(0.3) ? 2 : 1
  const processes = Array.from({ length: 2 + random.int(2) }, () => random.pick(['node', 'directory'] as const))
  const moments = Array.from({ length: 2 + random.int(3) }, () => random.between(0, SPAN_MS))
  const shape: Shape = { random, pairs, processes: processes.length, moments, slot: 1 }
  const steps: Step[] = []
  for (let count = 3 + random.int(10); count > 0; count--) steps.push({ at: nearCommand(shape, 60), ...given(shape) })
  for (const trouble of Object.keys(TROUBLES) as Trouble[]) {
    if (!random.chance(0.16)) continue
    for (let count = 1 + random.int(TROUBLES[trouble]); count > 0; count--) {
      steps.push({ at: nearCommand(shape, 5_000), ...troubled(trouble, shape) })
    }
  }
  return {
    seed,
    pairs,
    nodes: random.chance(0.1) ? 52 + random.int(8) : 1_000,
    processes,
    steps: steps.toSorted((a, b) => a.at - b.at),
  }
}

interface Shape {
  readonly random: Random
  readonly pairs: number
  readonly processes: number
  /** When commands are given, several together. */
  readonly moments: readonly number[]
  slot: number
}

/** Soon after one of the moments: what takes microseconds is met as often as what takes seconds. */
function nearCommand({ random, moments }: Shape, withinMs: number): number {
  return random.pick(moments) + Math.exp(random.between(Math.log(0.05), Math.log(withinMs)))
}

function given(shape: Shape): Action {
  const { random, processes, pairs } = shape
  return { do: 'give', process: random.int(processes), pair: random.int(pairs), ...command(shape), ...timing(random) }
}

function command(shape: Shape): PlannedCommand {
  const { random } = shape
  const name = random.weighted(COMMANDS)
  // Mostly the same device: what is to be in order must meet.
  const bdf = random.chance(0.6) ? DEVICES[0] : random.pick(DEVICES)
  if (name === 'pci-detach') return { command: name, bdf }
  if (name === 'pci-attach') return { command: name, bdf, slot: shape.slot++ }
  return name === 'save-state' ? { command: name, resume: random.chance(0.5) } : { command: name }
}

function timing(random: Random) {
  return {
    deadlineMs: random.pick([300, 1_000, 3_000, 10_000, 30_000]),
    graceMs: random.pick([0, 200, 2_000]),
    ...(random.chance(0.15) ? { cancelAfterMs: Math.exp(random.between(-2, 8)) } : {}),
  }
}

function troubled(trouble: Trouble, { random, pairs, processes }: Shape): Action {
  const pair = random.int(pairs)
  const process = random.int(processes)
  const ms = random.pick([50, 1_000, 6_000, 12_000, 30_000])
  const backAfterMs = random.pick([1, 50, 1_500, 8_000])
  switch (trouble) {
    case 'pick-up':
      return { do: trouble, process, call: random.int(4), ...timing(random) }
    case 'kill-dom0':
    case 'cut-dom0':
      return { do: trouble, process }
    case 'stop-dom0':
      return { do: trouble, process, ms }
    case 'kill-agent':
    case 'kill-qemu':
      return { do: trouble, pair, backAfterMs }
    case 'stop-agent':
    case 'stop-qemu':
      return { do: trouble, pair, ms }
    case 'cut-agent':
      return { do: trouble, pair }
    case 'fill-quota':
      return { do: trouble, pair, ms }
    case 'slow-qemu':
      return { do: trouble, pair, ms, effortMs: random.pick([50, 500, 10_000]) }
    case 'lose-qemu-events':
      return { do: trouble, pair, ms, probability: random.between(0.2, 1) }
    case 'guest':
      return {
        do: trouble,
        pair,
        mood: random.pick(['refuses', 'ignores', 'answers'] as const),
        deafMs: random.pick([0, ms]),
      }
    case 'disturb-watches': {
      const level = () => (random.chance(0.5) ? random.between(0, 0.6) : 0)
      return { do: trouble, ms, faults: { lose: level(), duplicate: level(), delay: level(), spurious: level() } }
    }
    case 'conflicts':
    case 'stop-xenstored':
      return { do: trouble, ms }
    case 'restart-xenstored':
      return { do: trouble, backAfterMs, domainsAfterMs: random.pick([0, 50, 2_000]) }
    case 'destroy': {
      const reuse = random.chance(0.5) ? { reuseAfterMs: random.pick([5, 100, 3_000]) } : {}
      return { do: trouble, pair, clearUpAfterMs: random.pick([0, 2]), ...reuse }
    }
    case 'set-clock':
      return { do: trouble, byMs: random.pick([-3_600_000, -5_000, 5_000, 90_000, 3_600_000]) }
    case 'spoil': {
      const ways = ['remove-hello', 'remove-responses', 'remove-all', 'open-to-guest', 'shut-out-dom0'] as const
      return { do: trouble, pair, how: random.pick(ways) }
    }
  }
}
