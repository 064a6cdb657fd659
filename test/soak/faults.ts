import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import type { Fate, Inhabitant, Setting } from './setting.ts'

interface Fault {
  /** How often, compared with the others. */
  readonly weight: number
  /** Whom it can happen to; everybody unless said otherwise. */
  readonly fates?: readonly Fate[]
  /** Resolves when the world is whole again. */
  strike(setting: Setting, victim: Inhabitant, random: Random): Promise<void>
}

/** Milliseconds for which something that is stopped stays so. */
const STOPPED_MS_MAX = 5_000
/** Milliseconds between two faults. */
const PEACE_MS_MAX = 5_000

const FAULTS: Readonly<Record<string, Fault>> = {
  'agent killed': {
    weight: 3,
    fates: ['agent-dies'],
    async strike(_, { world }, random) {
      await world.killAgent()
      await delay(random.below(2_000))
      await world.startAgent()
    },
  },
  'QEMU killed': {
    weight: 2,
    fates: ['agent-dies', 'qemu-dies'],
    async strike(_, { world }, random) {
      await world.qemu.stop()
      await delay(random.below(1_000))
      await world.restartQemu()
    },
  },
  'agent cut off': { weight: 3, strike: async (_, { relay }) => relay.cut() },
  'dom0 cut off': { weight: 2, strike: async ({ dom0Relay }) => dom0Relay.cut() },
  'xenstored updated': { weight: 2, strike: ({ xenstored }) => xenstored.liveUpdate() },
  'QEMU stopped': {
    weight: 2,
    async strike(_, { world }, random) {
      await world.qemu.pause()
      await delay(random.below(STOPPED_MS_MAX))
      world.qemu.resume()
    },
  },
  'agent stopped': {
    weight: 2,
    strike: (_, { world }, random) => stopped(signal => world.agent?.signal(signal), random),
  },
  'dom0 stopped': { weight: 1, strike: ({ dom0 }, _, random) => stopped(signal => dom0.signal(signal), random) },
}

async function stopped(send: (signal: NodeJS.Signals) => void, random: Random): Promise<void> {
  send('SIGSTOP')
  await delay(random.below(STOPPED_MS_MAX))
  send('SIGCONT')
}

/** One fault after the other, as a seed decides, with some peace in between. */
export class Faults {
  readonly #setting: Setting
  readonly #random: Random
  readonly #stopping = new AbortController()
  readonly #names: readonly string[]
  readonly #run: Promise<void>
  /** How many there were, by name. */
  readonly struck: Record<string, number> = {}
  /** What went wrong with a fault itself. */
  readonly problems: string[] = []

  static begin(setting: Setting, random: Random): Faults {
    return new Faults(setting, random)
  }

  private constructor(setting: Setting, random: Random) {
    this.#setting = setting
    this.#random = random
    this.#names = Object.entries(FAULTS).flatMap(([name, { weight }]) => Array<string>(weight).fill(name))
    this.#run = this.#strike()
  }

  /** Resolves when the last one is over and everything is mended. */
  async end(): Promise<void> {
    this.#stopping.abort()
    await this.#run
  }

  async #strike(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await delay(this.#random.below(PEACE_MS_MAX), undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const name = this.#random.pick(this.#names)
      const { fates, strike } = FAULTS[name] as Fault
      const victim = this.#random.pick(this.#setting.inhabitants.filter(({ fate }) => fates?.includes(fate) ?? true))
      this.struck[name] = (this.struck[name] ?? 0) + 1
      try {
        await strike(this.#setting, victim, this.#random)
      } catch (error) {
        this.problems.push(`${name} (${victim.name}): ${error}`)
      }
    }
  }
}
