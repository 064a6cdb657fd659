import { type Message, type Session, type Transport } from '@stubdom/xenstore'
import type { Clock, SimProcess } from '../engine/clock.ts'
import { Lane, latency } from '../engine/net.ts'
import type { Random } from '../engine/random.ts'

/** What a port needs of its daemon. */
export interface PortHost {
  readonly process: SimProcess
  /** A request is read. */
  arrived(port: Port, message: Message): void
  /** The connection ended, and what had been sent before was read. */
  closed(port: Port): void
  /** What arrives of bytes on their way to the client. */
  pass(port: Port, bytes: Buffer): Buffer
}

/** One connection between a client and the daemon, seen from both ends. */
export class Port implements Transport {
  readonly maxPayload = 4096
  readonly session: Session
  readonly client: SimProcess
  readonly #clock: Clock
  readonly #random: Random
  readonly #host: PortHost
  readonly #lane: Lane
  #listener: (bytes: Uint8Array) => void = () => {}
  #onClose: (error?: Error) => void = () => {}
  #isOpen = true
  #isRead = true
  #delivering = false
  #answered = 0
  #heard = 0

  constructor(clock: Clock, random: Random, session: Session, client: SimProcess, host: PortHost) {
    this.#clock = clock
    this.#random = random
    this.session = session
    this.client = client
    this.#host = host
    this.#lane = new Lane(clock, random, host.process)
  }

  // The client's end.

  write(frame: Buffer): void {
    if (!this.#isOpen) return
    const message = messageIn(frame)
    this.#lane.send(() => this.#isRead && this.#host.arrived(this, message))
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener
  }

  onClose(listener: (error?: Error) => void): void {
    this.#onClose = listener
  }

  /** What was sent is still read by the daemon, and only then its end. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#lane.send(() => this.#host.closed(this))
    this.#clock.after(0, this.client, () => this.#onClose())
  }

  // The daemon's end.

  /** What waits for the client leaves, after some time: until then equal events become one. */
  flush(): void {
    if (this.#delivering || !this.#isOpen || this.session.outbox.isEmpty) return
    this.#delivering = true
    this.#clock.after(latency(this.#random), this.client, () => this.#deliver())
  }

  deliver(bytes: Buffer): void {
    if (this.#isOpen) this.#listener(bytes)
  }

  /** A request was answered. @returns whether the client has heard so yet: it never does when the connection breaks before */
  answered(): () => boolean {
    const count = ++this.#answered
    return () => this.#heard >= count
  }

  /** The connection breaks: some of what is under way is read by the daemon, nothing more comes from it. */
  lose(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    if (this.#random.chance(0.5)) this.#isRead = false
    this.#lane.send(() => this.#host.closed(this))
    this.#clock.after(latency(this.#random), this.client, () => this.#onClose(new Error('the connection broke')))
  }

  #deliver(): void {
    this.#delivering = false
    if (!this.#isOpen) return
    this.#heard = this.#answered
    const bytes = this.#host.pass(this, this.session.outbox.take())
    if (bytes.length > 0) this.deliver(bytes)
  }
}

const HEADER_BYTES = 16

/** A client hands over whole messages, see Transport. */
function messageIn(frame: Buffer): Message {
  return {
    type: frame.readUInt32LE(0),
    requestId: frame.readUInt32LE(4),
    transactionId: frame.readUInt32LE(8),
    payload: frame.subarray(HEADER_BYTES),
  }
}
