import { setTimeout as delay } from 'node:timers/promises'
import { QmpClient } from '@stubdom/qmp'
import { Random } from '../support/random.ts'
import { CliLoad } from './cli-load.ts'
import { Faults } from './faults.ts'
import type { Resting } from './messages.ts'
import { countLeft, type Sample, takeSample } from './sample.ts'
import { type Inhabitant, type Setting, setUp } from './setting.ts'
import { addProblem, emptyTally, type Tally } from './tally.ts'
import { type Judgement, judge } from './verdict.ts'

export interface SoakOptions {
  readonly seed: number
  readonly seconds: number
  /** Seconds of work and faults between two samples. */
  readonly interval: number
}

/** What happened between two samples, and what there was then. */
export interface Period {
  readonly sample: Sample
  readonly library: Tally
  readonly cli: Tally
  readonly faults: Readonly<Record<string, number>>
}

export interface Outcome {
  readonly seed: number
  readonly periods: readonly Period[]
  readonly judgements: readonly Judgement[]
  /** What must never happen, and did. */
  readonly problems: readonly string[]
}

/** Milliseconds in which what nobody waits for any more may still be cleared away. */
const QUIET_MS = 10_000

/** Commands and faults for so long; `report` is told of each period. The world is gone when it resolves. */
export async function soak(options: SoakOptions, report: (period: Period) => void): Promise<Outcome> {
  const random = new Random(options.seed)
  const setting = await setUp(random.below(2 ** 31))
  try {
    const begun = performance.now()
    const elapsed = (): number => (performance.now() - begun) / 1_000
    const periods: Period[] = []
    const problems = emptyTally()
    while (elapsed() < options.seconds) {
      const period = await onePeriod(setting, random, options.interval, elapsed, problems)
      periods.push(period)
      report(period)
    }
    const samples = periods.map(({ sample }) => sample)
    return { seed: options.seed, periods, judgements: judge(samples), problems: problems.problems }
  } finally {
    await setting.end()
  }
}

async function onePeriod(
  setting: Setting,
  random: Random,
  seconds: number,
  elapsed: () => number,
  problems: Tally,
): Promise<Period> {
  setting.dom0.work()
  const faults = Faults.begin(setting, random.fork())
  const cli = CliLoad.begin(setting, random.fork())
  await delay(seconds * 1_000)
  await Promise.all([faults.end(), cli.end()])
  const resting = await setting.dom0.rest()
  for (const inhabitant of setting.inhabitants) {
    const { agent } = inhabitant.world
    if (!agent?.running) addProblem(problems, `the agent of ${inhabitant.name} ended: ${agent?.stderrTail()}`)
    await compareDevices(inhabitant, resting, problems)
  }
  await quiet(setting)
  const sample = await takeSample(setting, Math.round(elapsed()), resting)
  for (const problem of faults.problems) addProblem(problems, problem)
  for (const { problems: found } of [resting.tally, cli.tally])
    for (const problem of found) addProblem(problems, problem)
  return { sample, library: resting.tally, cli: cli.tally, faults: faults.struck }
}

/** The agent must list all that QEMU has. */
async function compareDevices({ name, world }: Inhabitant, { devices }: Resting, problems: Tally): Promise<void> {
  const listed = devices[name]
  if (!listed) return addProblem(problems, `${name}: no answer although everything is mended`)
  const qemu = await QmpClient.connect({ path: world.qemu.testQmpPath })
  try {
    const found = (await qemu.execute('qom-list', { path: '/machine/peripheral' })) as { name: string; type: string }[]
    const has = found.filter(({ type }) => type.startsWith('child<')).map(property => property.name)
    // What only the agent lists may have gone since: a guest that was asked before may answer at any time.
    const hidden = has.filter(id => !listed.includes(id))
    if (hidden.length > 0) addProblem(problems, `${name}: QEMU has ${hidden}, and the agent does not list it`)
  } finally {
    await qemu.close()
  }
}

/** Waits until agents and dom0 have cleared away what they will; answers whose outcome is unknown stay longer than that. */
async function quiet(setting: Setting): Promise<void> {
  const deadline = performance.now() + QUIET_MS
  for (const { world } of setting.inhabitants)
    while (performance.now() < deadline && (await countLeft(setting, world.controlDirectory)) > 0) await delay(200)
}
