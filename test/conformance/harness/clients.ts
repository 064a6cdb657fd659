import type { TestXenstored } from '../../xenstored/start.ts'
import { isEvent, Wire, type WireMessage } from '../../xenstored/wire.ts'
import { textOf } from './requests.ts'

/** The clients that a specification's rows speak of, each connected when it is first named. */
export class Clients {
  readonly #xenstored: TestXenstored
  readonly #wires = new Map<string, Wire>()

  constructor(xenstored: TestXenstored) {
    this.#xenstored = xenstored
  }

  async get(who: string): Promise<Wire> {
    const known = this.#wires.get(who)
    if (known?.isOpen) return known
    const { socketPath } = this.#xenstored
    const wire = await Wire.connect(/^0[a-z]?$/.test(who) ? socketPath : this.#xenstored.domainSocketPath(Number(who)))
    this.#wires.set(who, wire)
    return wire
  }

  /** Takes everything that has come for anybody: the replies to `asker`, and all events as rows write them. */
  async collect(asker?: string): Promise<{ replies: WireMessage[]; events: string[] }> {
    const replies: WireMessage[] = []
    const events: string[] = []
    for (const [who, wire] of this.#wires) {
      await wire.drained()
      let isAnswered = false
      for (const message of wire.take()) {
        if (isEvent(message)) {
          const [path = '', token = ''] = textOf(message.payload).split('\0')
          events.push(`${isAnswered ? 'then ' : ''}${who} ${path} ${token}`)
        } else if (who === asker) {
          isAnswered = true
          replies.push(message)
        } else throw new Error(`${who} got a reply (${message.type}) without having asked`)
      }
      if (!wire.isOpen) this.#wires.delete(who)
    }
    return { replies, events }
  }

  close(): void {
    for (const wire of this.#wires.values()) wire.close()
  }
}
