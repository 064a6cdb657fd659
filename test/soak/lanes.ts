import { setTimeout as delay } from 'node:timers/promises'
import { Dom0Error, type RunningCommand, type Stubdomain } from '@stubdom/dom0-agent'
import type { Random } from '../support/random.ts'
import { addProblem, countError, type Tally } from './tally.ts'

/** What every lane works with. */
export interface LaneContext {
  readonly stubdomain: Stubdomain
  readonly random: Random
  readonly tally: () => Tally
  /** Where states are saved to. */
  readonly file: string
}

/** Gives some commands, one after the other. */
export type Lane = (context: LaneContext) => Promise<void>

/** Milliseconds. What a command with an effect may take: less than by default, since faults make many wait for it. */
const DEADLINE_MS = 6_000
const GRACE_MS = 1_000
/** Milliseconds over deadline and grace after which a command counts as hanging; processes are stopped for seconds here. */
const HANGS_MS = 30_000

/** Queries of all kinds, some with hardly any time, some taken back. */
export const queries: Lane = async context => {
  const { random, stubdomain } = context
  const timeoutMs = random.oneIn(20) ? random.between(1, 40) : 3_000
  const options = { timeoutMs, graceMs: GRACE_MS }
  const query = random.pick(['ping', 'ping', 'ping', 'pciList', 'status'] as const)
  await give(context, query, timeoutMs, (): RunningCommand<unknown> => stubdomain[query](options))
  await pause(random, 60)
}

/** A device that comes and goes. Sometimes somebody else's: then two lanes contend for it. */
export function devices(own: number, others: readonly number[]): Lane {
  return async context => {
    const { random, stubdomain } = context
    const bdf = `03:${(random.oneIn(8) ? random.pick(others) : own).toString(16).padStart(2, '0')}.0`
    const options = { timeoutMs: DEADLINE_MS, graceMs: GRACE_MS }
    await give(context, 'pciAttach', DEADLINE_MS, () => stubdomain.pciAttach({ bdf }, options))
    await pause(random, 40)
    await give(context, 'pciDetach', DEADLINE_MS, () => stubdomain.pciDetach({ bdf }, options))
    await pause(random, 100)
  }
}

/** Stops the device model and lets it go on, or saves its state. */
export const runState: Lane = async context => {
  const { random, stubdomain, file } = context
  const options = { timeoutMs: DEADLINE_MS, graceMs: GRACE_MS }
  if (random.oneIn(4)) {
    await give(context, 'saveState', DEADLINE_MS, () => stubdomain.saveState({ file, resume: true }, options))
  } else {
    await give(context, 'dmStop', DEADLINE_MS, () => stubdomain.dmStop(options))
    await pause(random, 20)
    await give(context, 'dmCont', DEADLINE_MS, () => stubdomain.dmCont(options))
  }
  await pause(random, 600)
}

/** The one after which the device model runs, whatever the lanes left behind. */
export const goOn: Lane = async context => {
  const options = { timeoutMs: DEADLINE_MS, graceMs: GRACE_MS, force: true }
  await give(context, 'dmCont', DEADLINE_MS, () => context.stubdomain.dmCont(options))
}

/** Gives one command and counts how it ended; once in a while it is taken back on the way. */
export async function give<T>(
  { random, tally, stubdomain }: LaneContext,
  name: string,
  deadlineMs: number,
  begin: () => RunningCommand<T>,
): Promise<T | undefined> {
  const command = begin()
  const what = `${name} ${command.id} of ${stubdomain.name}`
  const cancelled = random.oneIn(25) ? setTimeout(() => command.cancel(), random.between(0, 30)) : undefined
  const hanging = setTimeout(() => addProblem(tally(), `${what} hangs`), deadlineMs + GRACE_MS + HANGS_MS)
  try {
    const result = await command.result
    tally().done++
    return result
  } catch (error) {
    if (error instanceof Dom0Error) countError(tally(), error.code, `${what}: ${error.code}: ${error.message}`)
    else addProblem(tally(), `${what}: no error of the library's: ${error}`)
    return undefined
  } finally {
    clearTimeout(cancelled)
    clearTimeout(hanging)
  }
}

async function pause(random: Random, averageMs: number): Promise<void> {
  await delay(random.below(2 * averageMs))
}
