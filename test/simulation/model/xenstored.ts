import {
  Core,
  type Message,
  Op,
  type Quotas,
  type Session,
  XenstoreClient,
  XenstoreUnavailableError,
} from '@stubdom/xenstore'
import { type Clock, SimProcess } from '../engine/clock.ts'
import type { Random } from '../engine/random.ts'
import { Faults } from './faults.ts'
import { Port, type PortHost } from './port.ts'

/** What the daemon was asked and how it answered. */
export interface Operation {
  readonly domid: number
  readonly who: string
  readonly op: number
  /** Absolute. */
  readonly path: string
  readonly value: string
  /** Undefined when it was done. */
  readonly errno: string | undefined
  /** Whether who asked was told so yet. */
  readonly isHeard: () => boolean
}

/**
 * A xenstored: the embedded one's core, with its quotas, permissions and watches, which the conformance tests hold to Debian's daemons. Clients reach it over
 * connections that take time, break, and lose events.
 */
export class Xenstored implements PortHost {
  readonly process = new SimProcess('xenstored')
  readonly faults: Faults
  /** Told of every request about a node. */
  onOperation: (operation: Operation) => void = () => {}
  readonly #clock: Clock
  readonly #random: Random
  readonly #quotas: Partial<Quotas>
  readonly #ports = new Set<Port>()
  readonly #domains = new Map<number, Session>()
  #core: Core
  #privileged: Session
  #isUp = true
  /** The answer to the request that is being served. */
  #answer: Message | undefined
  #mute = false

  constructor(clock: Clock, random: Random, quotas: Partial<Quotas>) {
    this.#clock = clock
    this.#random = random
    this.#quotas = quotas
    this.faults = new Faults(clock, random)
    this.#core = this.#boot()
    this.#privileged = this.#heard(this.#core.connect())
  }

  get isStopped(): boolean {
    return this.process.stoppedUntil > this.#clock.now
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Whether the domain can reach it. */
  has(domid: number): boolean {
    return this.#isUp && this.#domains.has(domid)
  }

  get domains(): Core['domains'] {
    return this.#core.domains
  }

  counts(): ReturnType<Core['counts']> {
    return this.#core.counts()
  }

  /** A client over a new connection: of domain 0 as many as are wanted, of another one at a time. */
  async connect(
    domid: number,
    client: SimProcess,
    times: { timeoutMs?: number; silenceMs?: number } = {},
  ): Promise<XenstoreClient> {
    const session = domid === 0 && this.#isUp ? this.#heard(this.#core.connect()) : this.#domains.get(domid)
    // A domain has one ring: the next program has it when the last one's end was noticed.
    const taken = domid !== 0 && [...this.#ports].some(port => port.session === session)
    if (!session || !this.#isUp || taken) throw new XenstoreUnavailableError('the simulation', 'nobody listens', 'wait')
    const port = new Port(this.#clock, this.#random, session, client, this)
    this.#ports.add(port)
    return XenstoreClient.connect({ ...times, transport: port })
  }

  /** Serves a request of somebody who stands beside it all: the toolstack, a domain's other programs, or who looks at the end. */
  request(op: number, payload: string, domid = 0): Message {
    const session = domid === 0 ? this.#privileged : this.#domains.get(domid)
    if (!session) throw new Error(`domain ${domid} is not there`)
    this.#mute = true
    this.#core.handle(session, { type: op, requestId: 0, transactionId: 0, payload: Buffer.from(payload, 'latin1') })
    this.#mute = false
    this.#flush()
    return this.#answer as Message
  }

  /** Breaks the connections of a process. */
  disconnect(client: SimProcess): void {
    for (const port of this.#ports) if (port.client === client) port.lose()
  }

  destroyDomain(domid: number): void {
    this.#core.domains.destroy(domid)
    this.#flush()
  }

  /** It is killed, and loses all that it knew. */
  kill(): void {
    this.#isUp = false
    for (const port of this.#ports) port.lose()
    this.#ports.clear()
  }

  start(): void {
    this.#domains.clear()
    this.#core = this.#boot()
    this.#privileged = this.#heard(this.#core.connect())
    this.#isUp = true
  }

  arrived(port: Port, message: Message): void {
    if (!this.#ports.has(port)) return
    const { session } = port
    const fault = this.faults.refusal(session.domid, message, () => this.#isThere(pathIn(message, session)))
    if (fault === undefined) this.#core.handle(session, message)
    else this.#refuse(session, message, fault)
    const isHeard = port.answered()
    if (message.payload.includes('dm-control/')) this.#tell(port, message, isHeard)
    this.#flush()
  }

  #tell(port: Port, message: Message, isHeard: () => boolean): void {
    const { session, client } = port
    const answer = this.#answer?.payload.toString('latin1') ?? ''
    this.onOperation({
      domid: session.domid,
      who: client.name,
      op: message.type,
      path: pathIn(message, session),
      value: message.type === Op.READ ? answer : (message.payload.toString('latin1').split('\0', 2)[1] ?? ''),
      errno: this.#answer?.type === Op.ERROR ? answer.replace('\0', '') : undefined,
      isHeard,
    })
  }

  closed(port: Port): void {
    if (!this.#ports.delete(port)) return
    this.#core.disconnect(port.session)
    this.#flush()
  }

  pass(port: Port, bytes: Buffer): Buffer {
    return this.faults.pass(port, bytes)
  }

  #refuse(session: Session, message: Message, errno: string): void {
    if (message.type === Op.TRANSACTION_END) {
      this.#mute = true
      this.#core.handle(session, { ...message, payload: Buffer.from('F\0') })
      this.#mute = false
    }
    session.outbox.reply({ ...message, type: Op.ERROR, payload: Buffer.from(`${errno}\0`) })
  }

  #isThere(path: string): boolean {
    return this.request(Op.READ, `${path}\0`).type !== Op.ERROR
  }

  #boot(): Core {
    const opened = (session: Session): void => void this.#domains.set(session.domid, this.#heard(session))
    const closed = (session: Session): void => {
      this.#domains.delete(session.domid)
      for (const port of this.#ports) {
        if (port.session !== session) continue
        port.lose()
        this.#ports.delete(port)
      }
    }
    return new Core({ opened, closed }, this.#quotas)
  }

  /** What it is answered can be seen. */
  #heard(session: Session): Session {
    const { outbox } = session
    const reply = outbox.reply.bind(outbox)
    outbox.reply = message => {
      this.#answer = message
      if (!this.#mute) reply(message)
    }
    return session
  }

  #flush(): void {
    for (const port of this.#ports) port.flush()
  }
}

/** The path that a request is about, absolute. */
function pathIn({ payload }: Message, { home }: Session): string {
  const [path = ''] = payload.toString('latin1').split('\0', 1)
  return /^[/@]/.test(path) ? path : `${home}/${path}`
}
