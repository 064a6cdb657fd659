import { Op } from '@stubdom/xenstore'
import type { SimStubdomain } from '../model/stubdomain.ts'
import type { Exchange, World } from '../world.ts'
import { grouped } from './grouped.ts'
import type { Violation } from './violation.ts'

/** Holds what stood in the store, and when, against what was done to QEMU. */
export function checkExchanges(world: World): Violation[] {
  return [...prematureAnswers(world), ...unclaimed(world), ...outOfOrder(world)]
}

/** An unplug whose answer says `done` while QEMU had the device all the time. */
function prematureAnswers(world: World): Violation[] {
  return world.exchanges.flatMap((exchange): Violation[] => {
    const { command, side, op, errno, value, id, at, domid } = exchange
    if (command !== 'pci-detach' || side !== 'stubdom' || op !== Op.WRITE || errno !== undefined) return []
    const response = JSON.parse(value) as { state: string; result?: { qdevId: string } }
    const stubdomain = stubdomainAt(world, domid, at)
    if (response.state !== 'done' || !response.result || !stubdomain) return []
    const { qdevId } = response.result
    const from = world.exchanges.find(other => other.id === id)?.at ?? 0
    if (stubdomain.history.lacked(qdevId, from, at)) return []
    return [{ promise: 'unplug', id, text: `pci-detach ${id} was answered with done while QEMU had ${qdevId}` }]
  })
}

/** An attach that QEMU was told although its claim did not stand, or no longer with its request. */
function unclaimed(world: World): Violation[] {
  const claims = world.exchanges.filter(
    ({ side, op, errno, value, command }) =>
      side === 'stubdom' &&
      op === Op.WRITE &&
      errno === undefined &&
      command === 'pci-attach' &&
      value.includes('"running"'),
  )
  const attaches = world.calls.flatMap(({ id, order: { command } }) =>
    command.command === 'pci-attach' ? [{ id, slot: command.slot }] : [],
  )
  return world.stubdomains.flatMap(({ history }) =>
    history.effects.flatMap((effect): Violation[] => {
      if (effect.command !== 'device_add') return []
      const attach = attaches.find(({ slot }) => slot === effect.slot)
      if (!attach || claims.some(({ id, at }) => id === attach.id && at <= effect.at)) return []
      return [{ promise: 'claim', id: attach.id, text: `QEMU was told pci-attach ${attach.id}, which was not claimed` }]
    }),
  )
}

/** Of two commands for one device the one that an agent read first is claimed first. */
function outOfOrder(world: World): Violation[] {
  const devices = new Map(
    world.calls.flatMap(({ id, order: { command } }) => ('bdf' in command ? [[id, command.bdf] as const] : [])),
  )
  const violations: Violation[] = []
  const byAgent = grouped(
    world.exchanges.filter(({ who, id }) => who.startsWith('agent') && devices.has(id)),
    ({ who }) => who,
  )
  for (const [agent, exchanges] of byAgent) {
    const read = new Map<string, number>()
    const claimed = new Set<string>()
    for (const { op, side, id, errno, value } of exchanges) {
      if (side === 'dom0' && op === Op.READ && errno === undefined && !read.has(id)) read.set(id, read.size)
      if (side !== 'stubdom' || op !== Op.WRITE || errno !== undefined || claimed.has(id)) continue
      // Answered without being begun, or found begun already.
      if (!value.includes('"running"')) read.delete(id)
      else {
        claimed.add(id)
        const earlier = [...read.keys()].find(
          other => devices.get(other) === devices.get(id) && !claimed.has(other) && isBefore(read, other, id),
        )
        if (earlier !== undefined && isStillWanted(exchanges, earlier)) {
          violations.push({
            promise: 'order',
            id,
            text: `${agent} began ${id} before ${earlier}, which it had read before`,
          })
        }
      }
    }
  }
  return violations
}

function isBefore(read: ReadonlyMap<string, number>, a: string, b: string): boolean {
  return (read.get(a) ?? Number.POSITIVE_INFINITY) < (read.get(b) ?? Number.NEGATIVE_INFINITY)
}

/** It was begun later: so it was not answered in another way, nor gone. */
function isStillWanted(exchanges: readonly Exchange[], id: string): boolean {
  return exchanges.some(
    ({ op, side, errno, value, id: one }) =>
      one === id && side === 'stubdom' && op === Op.WRITE && errno === undefined && value.includes('"running"'),
  )
}

function stubdomainAt({ stubdomains }: World, domid: number, at: number): SimStubdomain | undefined {
  return stubdomains.find(({ pair, bornAt, diedAt }) => pair.stubdomain === domid && bornAt <= at && diedAt >= at)
}
