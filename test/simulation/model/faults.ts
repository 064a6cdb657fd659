import { encodeMessage, type Message, MessageParser, Op } from '@stubdom/xenstore'
import type { Clock } from '../engine/clock.ts'
import type { Random } from '../engine/random.ts'
import type { Port } from './port.ts'

/** What may happen to a watch event, each with its probability. */
export interface EventFaults {
  readonly lose: number
  readonly duplicate: number
  readonly delay: number
  /** For each message that a client gets, an event of one of its watches of which nothing is true. */
  readonly spurious: number
}

/** Milliseconds. */
const DELAY_MAX = 20_000

/** What goes wrong between the daemon and its clients, and when. */
export class Faults {
  readonly #clock: Clock
  readonly #random: Random
  #events: (EventFaults & { until: number }) | undefined
  readonly #full = new Map<number, number>()
  #conflictsUntil = 0

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#events = undefined
    this.#full.clear()
    this.#conflictsUntil = 0
  }

  disturbEvents(faults: EventFaults, ms: number): void {
    this.#events = { ...faults, until: this.#clock.now + ms }
  }

  /** The domain's quota is used up by something else in it: it can overwrite nodes, but make none. */
  fill(domid: number, ms: number): void {
    this.#full.set(domid, this.#clock.now + ms)
  }

  /** Commits meet conflicts. */
  conflict(ms: number): void {
    this.#conflictsUntil = this.#clock.now + ms
  }

  /** The errno with which a request is refused whatever it is. */
  refusal(domid: number, { type, payload }: Message, isThere: () => boolean): 'ENOSPC' | 'EAGAIN' | undefined {
    const makes = type === Op.WRITE || type === Op.MKDIR
    if (makes && (this.#full.get(domid) ?? 0) > this.#clock.now && !isThere()) return 'ENOSPC'
    const commits = type === Op.TRANSACTION_END && payload[0] === 'T'.charCodeAt(0)
    return commits && this.#conflictsUntil > this.#clock.now && this.#random.chance(0.5) ? 'EAGAIN' : undefined
  }

  /** What arrives of messages to a client; what is delayed arrives by itself. */
  pass(port: Port, bytes: Buffer): Buffer {
    const faults = this.#events
    if (!faults || faults.until <= this.#clock.now) return bytes
    const parser = new MessageParser()
    parser.feed(bytes)
    const messages: Message[] = []
    for (let next = parser.next(); next.kind === 'message'; next = parser.next()) messages.push(next.message)
    const passed = messages.flatMap(message => {
      if (message.type !== Op.WATCH_EVENT) return [message]
      if (this.#random.chance(faults.lose)) return []
      if (this.#random.chance(faults.delay)) {
        this.#clock.after(this.#random.between(1, DELAY_MAX), port.client, () => port.deliver(encodeMessage(message)))
        return []
      }
      return this.#random.chance(faults.duplicate) ? [message, message] : [message]
    })
    if (this.#random.chance(faults.spurious)) {
      const watches = [...port.session.watches.values()]
      if (watches.length > 0) {
        const { path, token, home } = this.#random.pick(watches)
        const shown = home === undefined ? path : path.slice(home.length + 1)
        passed.push({
          type: Op.WATCH_EVENT,
          requestId: 0,
          transactionId: 0,
          payload: Buffer.from(`${shown}\0${token}\0`, 'latin1'),
        })
      }
    }
    return Buffer.concat(passed.map(message => encodeMessage(message)))
  }
}
