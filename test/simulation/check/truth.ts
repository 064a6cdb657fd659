import type { CallRecord } from '../model/calls.ts'
import type { SimStubdomain } from '../model/stubdomain.ts'
import type { World } from '../world.ts'
import { describe } from './calls.ts'
import { grouped } from './grouped.ts'
import type { Violation } from './violation.ts'

/** Errors that are told of something that was begun: QEMU had it, and what came of it is over. */
const BEGUN: ReadonlySet<string> = new Set(['qemu-gone', 'interrupted', 'qemu-error', 'save-failed', 'guest-refused'])

/** One id, everybody who asked for it, and where it may have been executed. */
interface Case {
  readonly id: string
  readonly calls: readonly CallRecord[]
  readonly from: number
  readonly stubdomains: readonly SimStubdomain[]
}

/** Holds what callers were told against what QEMU had. */
export function checkTruth(world: World): Violation[] {
  const cases = casesOf(world)
  return cases.flatMap(one => [
    ...disagreements(one),
    ...executions(one),
    ...one.calls.flatMap(call => (isTrusted(one) ? contradictions(one, call) : [])),
  ])
}

function casesOf({ calls, stubdomains }: World): Case[] {
  const byId = grouped(calls, ({ id }) => id)
  return [...byId].map(([id, same]) => {
    const from = Math.min(...same.map(({ givenAt }) => givenAt))
    const domids = new Set(same.map(({ stubdomain }) => stubdomain))
    const to = Math.max(...same.map(({ endedAt }) => endedAt ?? Number.POSITIVE_INFINITY))
    const theirs = stubdomains.filter(
      ({ pair, bornAt, diedAt }) => domids.has(pair.stubdomain) && diedAt >= from && bornAt <= to,
    )
    return { id, calls: same, from, stubdomains: theirs }
  })
}

/** A stubdomain that harms its own nodes can make anybody believe anything about itself. */
function isTrusted({ stubdomains, calls }: Case): boolean {
  const end = Math.max(...calls.map(({ endedAt }) => endedAt ?? Number.POSITIVE_INFINITY))
  return stubdomains.every(({ spoiltAt }) => spoiltAt > end)
}

/** A query may run twice: a late cancel makes one again that another process has collected. */
const QUERIES: ReadonlySet<string> = new Set(['ping', 'status', 'pci-list'])

function disagreements({ id, calls }: Case): Violation[] {
  if (calls.some(({ order }) => QUERIES.has(order.command.command))) return []
  const known = calls.flatMap(({ ending, order }) => {
    if (!ending || ending.kind === 'unknown' || ending.kind === 'fault') return []
    // One who picks up and is told by the library itself that it cannot was told nothing of the command.
    if (order.pickUp && ending.kind !== 'done' && !isAnswer(ending.code)) return []
    return [ending.kind === 'done' ? 'done' : `${ending.kind} ${ending.code}`]
  })
  const different = new Set(known)
  if (different.size <= 1) return []
  return [{ promise: 'agreement', id, text: `${id} ended differently for different callers: ${known.join(', ')}` }]
}

function isAnswer(code: string): boolean {
  return BEGUN.has(code) || code === 'cancelled' || code === 'device-not-found' || code === 'already-attached'
}

/** An attach is recognised by its slot, a save by its file. */
function executions({ id, calls, stubdomains }: Case): Violation[] {
  const { command } = (calls[0] as CallRecord).order
  const count = stubdomains.reduce((sum, one) => sum + effectsOf(one, id, command).length, 0)
  return count > 1 ? [{ promise: 'once', id, text: `${command.command} ${id} was executed ${count} times` }] : []
}

function effectsOf({ history, saved }: SimStubdomain, id: string, command: CallRecord['order']['command']) {
  if (command.command === 'pci-attach') {
    return history.effects.filter(effect => effect.command === 'device_add' && effect.slot === command.slot)
  }
  const paths = command.command === 'save-state' ? saved.sent.filter(one => one.id === id).map(({ path }) => path) : []
  return history.effects.filter(({ command: told, subject }) => told === 'save' && paths.includes(subject))
}

function contradictions(one: Case, call: CallRecord): Violation[] {
  const { ending } = call
  if (!ending) return []
  const at = call.endedAt ?? 0
  const { id, from } = one
  const stubdomains = one.stubdomains.filter(({ bornAt }) => bornAt <= at)
  const wrong = (why: string): Violation[] => [{ promise: 'truth', id, text: `${describe(call)} but ${why}` }]
  if (ending.kind === 'done') {
    const reasons = stubdomains.map(stubdomain => untruthOfDone(stubdomain, call, ending.result, from, at))
    return reasons.every(reason => reason !== undefined) ? wrong(reasons.join('; ')) : []
  }
  if (ending.kind !== 'not-done') return []
  for (const stubdomain of stubdomains) {
    const done = effectOfNotDone(stubdomain, call, ending.code, at)
    if (done !== undefined) return wrong(done)
  }
  const reasons = stubdomains.map(stubdomain => untruthOfReason(stubdomain, call, ending.code, from, at))
  return reasons.every(reason => reason !== undefined) && reasons.length > 0 ? wrong(reasons.join('; ')) : []
}

/** Why it cannot be true; undefined when it can. */
function untruthOfDone(
  stubdomain: SimStubdomain,
  { order: { command }, id }: CallRecord,
  result: unknown,
  from: number,
  to: number,
): string | undefined {
  const { history, qemu } = stubdomain
  switch (command.command) {
    case 'ping':
      return undefined
    case 'status': {
      const { running } = (result as { qemu: { running: boolean } }).qemu
      return history.wasRunning(running, from, to) ? undefined : `it was never ${running ? 'running' : 'paused'} then`
    }
    case 'pci-list': {
      const listed = (result as { devices: { qdevId: string }[] }).devices.map(({ qdevId }) => qdevId)
      const sets = history.setsBetween(from, to)
      const known = sets.some(set => set.size === listed.length && listed.every(name => set.has(name)))
      return known
        ? undefined
        : `QEMU never had exactly ${listed.join(', ') || 'nothing'} then (${qemu.devices.join(', ')})`
    }
    case 'pci-attach': {
      const { qdevId, guest } = result as { qdevId: string; guest?: { slot: number } }
      return history.had(qdevId, from, to, guest?.slot) ? undefined : `QEMU never had ${qdevId} there`
    }
    case 'pci-detach': {
      const { qdevId } = result as { qdevId: string }
      return history.lacked(qdevId, from, to) ? undefined : `QEMU had ${qdevId} all the time`
    }
    case 'dm-stop':
    case 'dm-cont': {
      const running = command.command === 'dm-cont'
      return history.wasRunning(running, from, to) ? undefined : `it was never ${running ? 'running' : 'paused'} then`
    }
    case 'save-state': {
      return effectsOf(stubdomain, id, command).some(({ ok }) => ok) ? undefined : 'QEMU wrote nothing'
    }
  }
}

/** What was done by a command of which its giver was told that nothing was. */
function effectOfNotDone(
  stubdomain: SimStubdomain,
  { order: { command }, id }: CallRecord,
  code: string,
  to: number,
): string | undefined {
  const effects = effectsOf(stubdomain, id, command).filter(({ ok }) => ok)
  if (effects.length > 0 && !BEGUN.has(code)) return 'it was done'
  if (command.command !== 'pci-attach') return undefined
  const stays = stubdomain.history.presences.some(one => one.slot === command.slot && one.to > to)
  return stays ? 'the device is attached' : undefined
}

/** Why the reason that was given for having done nothing cannot be true. Of a number that had several domains one will do. */
function untruthOfReason(
  { history }: SimStubdomain,
  { order: { command } }: CallRecord,
  code: string,
  from: number,
  to: number,
): string | undefined {
  if (!('bdf' in command)) return undefined
  const names = qdevIdsOf(command.bdf)
  const had = names.some(name => history.had(name, from, to))
  if (code === 'already-attached' && !had) return 'it was not attached'
  if (code === 'device-not-found' && !names.every(name => history.lacked(name, from, to))) return 'it was attached'
  const refused = history.refusals.some(({ at, qdevId }) => names.includes(qdevId) && at >= from && at <= to)
  return code === 'guest-refused' && !refused ? 'the guest did not refuse' : undefined
}

/** As the agent names a device, and as libxl does. */
function qdevIdsOf(bdf: string): string[] {
  const [segment, bus, slot] = bdf.split(':')
  return [`pci-pt-${segment}_${bus}_${slot}`, `pci-pt-${bus}_${slot}`]
}
