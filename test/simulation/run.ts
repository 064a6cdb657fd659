import { checkCalls } from './check/calls.ts'
import { checkExchanges } from './check/exchanges.ts'
import { checkRemains } from './check/remains.ts'
import { checkTruth } from './check/truth.ts'
import type { Violation } from './check/violation.ts'
import { installGlobals } from './engine/globals.ts'
import { Random } from './engine/random.ts'
import type { Plan, PlannedCommand } from './plan/step.ts'
import { RETENTION_MS, World } from './world.ts'

/** How a world went. */
export interface Run {
  readonly violations: readonly Violation[]
  readonly world: World
}

/** Milliseconds: a request is kept for that much longer. */
const LONGEST_DEADLINE_MS = 31_000
/** Milliseconds: the longest deadline and grace, and what a standstill may add. */
const LONGEST_CALL_MS = 60_000
/** Milliseconds after which an agent looks around without a hint, and some. */
const LOOK_AROUND_MS = 32_000

const QUERIES: readonly PlannedCommand[] = [{ command: 'ping' }, { command: 'status' }, { command: 'pci-list' }]

/** Runs the world of a plan to its end, and says which promises were not kept. Nothing else may run meanwhile: it has the globals. */
export async function runPlan(plan: Plan, isTraced = false): Promise<Run> {
  const rejections: unknown[] = []
  const listeners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', reason => rejections.push(reason))
  const world = new World(plan, isTraced)
  const { stackTraceLimit } = Error
  // Most errors here are what a daemon says; where they come from is wanted of one world only.
  if (!isTraced) Error.stackTraceLimit = 0
  const restore = installGlobals(world.clock, new Random(plan.seed, 'programs'))
  try {
    await live(plan, world)
  } catch (error) {
    world.fault((error as Error).stack ?? String(error))
  } finally {
    restore()
    Error.stackTraceLimit = stackTraceLimit
    process.removeAllListeners('unhandledRejection')
    for (const listener of listeners) process.on('unhandledRejection', listener)
  }
  // A world takes no turn of Node's event loop: whoever else has something to do in this process has it now.
  await new Promise(resolve => setImmediate(resolve))
  for (const reason of rejections) world.fault(`a rejection that nobody handled: ${(reason as Error).stack}`)
  const violations = [
    ...world.faults.map((text): Violation => ({ promise: 'fault', text })),
    ...checkCalls(world),
    ...checkTruth(world),
    ...checkExchanges(world),
    ...world.unrecovered,
    ...checkRemains(world),
  ]
  return { violations, world }
}

async function live({ steps }: Plan, world: World): Promise<void> {
  const { clock } = world
  for (const { at, ...action } of steps) clock.after(at, clock.outside, () => world.act(action))
  const last = steps.at(-1)?.at ?? 0
  await clock.runUntil(last + 5_000)
  // What stood still goes on first: it is not to be overtaken by what was sent later.
  await clock.runUntil(Math.max(clock.now, ...world.standstills.map(({ to }) => to)) + 1_000)
  world.heal()
  const longest = clock.now + LONGEST_CALL_MS
  while (clock.now < longest && !world.isAnswered) await clock.runUntil(clock.now + 1_000)
  // What was left by processes that died, and by calls of unknown outcome, has expired when another process looks.
  clock.wallAhead += RETENTION_MS + LONGEST_DEADLINE_MS
  const sweeper = world.newDom0('node')
  const living = world.pairs.filter((_, index) => world.stubdomainOf(index).isAlive)
  for (const { guest } of living) clock.after(0, sweeper.process, () => sweeper.sweep(guest))
  await clock.runUntil(clock.now + LOOK_AROUND_MS)
  const asked = world.calls.length
  const asker = world.newDom0('node')
  for (const { guest } of living) {
    for (const command of QUERIES) {
      const order = { guest, command, deadlineMs: 3_000, graceMs: 0 }
      clock.after(0, asker.process, () => asker.give(order))
    }
  }
  await clock.runUntil(clock.now + 6_000)
  world.checkRecovery(asked, living.length * QUERIES.length)
  world.closeAll(sweeper, asker)
  await clock.runUntil(clock.now + LOOK_AROUND_MS)
}
