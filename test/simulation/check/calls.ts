import type { CallRecord } from '../model/calls.ts'
import type { World } from '../world.ts'
import type { Violation } from './violation.ts'

/** Milliseconds: what comes before the deadline begins (resolving, waiting for a young directory’s agent) and after the call (looking for a dead domain). */
const OVERHEAD_MS = 2_300
/** The same when Xenstore or the process stood still: a request to it is given up after 5 s, one connection after 10 s. */
const STANDSTILL_MS = 22_000

/** What a save takes beyond its time that lets a device model go on after the state was lost: the deadline and grace of a command of its own. */
const LETTING_GO_ON_MS = 12_000

/** Every call ends in time, and never with something that the library does not promise to reject with. */
export function checkCalls({ calls, standstills, clock }: World): Violation[] {
  return calls.flatMap((call): Violation[] => {
    const { id, process, order, givenAt, ending, endedAt } = call
    if (ending?.kind === 'fault')
      return [{ promise: 'fault', id, text: `${describe(call)} rejected: ${ending.message}` }]
    if (!process.alive && !ending) return []
    const isLost = ending?.kind !== 'done' && ending?.code === 'save-failed'
    const due = givenAt + order.deadlineMs + order.graceMs + OVERHEAD_MS + (isLost ? LETTING_GO_ON_MS : 0)
    const hindered = standstills.filter(
      still => (still.process === process || !still.process) && still.from <= due && still.to >= givenAt - OVERHEAD_MS,
    )
    const extra = hindered.reduce((sum, { from, to }) => sum + STANDSTILL_MS + to - from, 0)
    const end = endedAt ?? clock.now
    if (ending && end <= due + extra) return []
    const how = ending ? `ended ${Math.round(end - due - extra)} ms too late` : 'never ended'
    return [{ promise: 'deadline', id, text: `${describe(call)} ${how}` }]
  })
}

export function describe({ id, order, ending, process }: CallRecord): string {
  const { command, ...args } = order.command
  const about = 'bdf' in args ? ` ${args.bdf}` : ''
  const end = !ending ? 'no answer' : ending.kind === 'done' ? 'done' : `${ending.kind} (${ending.code})`
  return `${command}${about} ${id} of ${process.name}, ${order.pickUp ? 'picked up, ' : ''}${end},`
}
