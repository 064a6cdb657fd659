import { Op } from '@stubdom/xenstore'
import type { SimStubdomain } from '../model/stubdomain.ts'
import type { Exchange, World } from '../world.ts'
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

/** Of two commands for one device the one that an agent read first is claimed first, and over when the other is claimed. */
function outOfOrder(world: World): Violation[] {
  const devices = new Map(
    world.calls.flatMap(({ id, order: { command } }) => ('bdf' in command ? [[id, command.bdf] as const] : [])),
  )
  const about = world.exchanges.filter(({ id }) => devices.has(id))
  return [...new Set(about.map(({ epoch }) => epoch))].filter(isAgent).flatMap(agent => {
    const order = new DeviceOrder(agent)
    for (const exchange of about) order.next(exchange, devices.get(exchange.id) ?? '')
    return order.violations
  })
}

function isAgent(who: string): boolean {
  return who.startsWith('agent')
}

/** What one agent read and claimed, as far as it has come. */
class DeviceOrder {
  readonly violations: Violation[] = []
  readonly #agent: string
  /** By id, in the order of their reading: the device. */
  readonly #read = new Map<string, string>()
  /** By id: the device. */
  readonly #begun = new Map<string, string>()
  /** Those that were read at all: an agent looks again at a request that it works on. */
  readonly #seen = new Set<string>()

  constructor(agent: string) {
    this.#agent = agent
  }

  next({ epoch, op, side, id, errno, value, isHeard }: Exchange, device: string): void {
    // A claim or an answer that there is no room for ends in `refused`.
    if (errno !== undefined) {
      if (epoch === this.#agent && op === Op.WRITE) this.#ended(id)
      return
    }
    // One that is not wanted any more ends without a word.
    if (side === 'dom0' && op === Op.RM) this.#ended(id)
    if (epoch !== this.#agent) return
    // What the daemon read for it, and never said because the connection broke, it reads anew.
    if (side === 'dom0' && op === Op.READ && isHeard() && !this.#seen.has(id)) {
      this.#seen.add(id)
      this.#read.set(id, device)
    }
    if (side === 'dom0' || op !== Op.WRITE) return
    // Accepted, answered, or answered without having been begun.
    if (!value.includes('"running"')) this.#ended(id)
    else if (this.#read.has(id)) this.#claimed(id, device)
  }

  #ended(id: string): void {
    this.#read.delete(id)
    this.#begun.delete(id)
  }

  #claimed(id: string, device: string): void {
    const earlier = [...this.#read].find(([, other]) => other === device)?.[0]
    const under = [...this.#begun].find(([other, begun]) => other !== id && begun === device)?.[0]
    if (under !== undefined) this.#violated(id, `before ${under} was over`)
    else if (earlier !== undefined && earlier !== id) this.#violated(id, `before ${earlier}, which it had read before`)
    this.#read.delete(id)
    this.#begun.set(id, device)
  }

  #violated(id: string, how: string): void {
    this.violations.push({ promise: 'order', id, text: `${this.#agent} began ${id} ${how}` })
  }
}

function stubdomainAt({ stubdomains }: World, domid: number, at: number): SimStubdomain | undefined {
  return stubdomains.find(({ pair, bornAt, diedAt }) => pair.stubdomain === domid && bornAt <= at && diedAt >= at)
}
