import { MessageParser } from '../../wire/codec.ts'
import { Op, opName } from '../../wire/messages.ts'
import { Core } from '../core.ts'
import type { Session } from '../session.ts'
import { encodeStrings } from '../text.ts'

/** The core with nothing around it. What it says to somebody reads like `READ hello`, `WATCH_EVENT /a token`, `ERROR ENOENT`. */
export class BareCore {
  readonly #domains = new Map<number, Session>()
  readonly #core = new Core({
    opened: session => this.#domains.set(session.domid, session),
    closed: session => this.#domains.delete(session.domid),
  })
  readonly dom0 = this.#core.connect()

  /** The hypervisor's side of domains. */
  get hypervisor(): Core['domains'] {
    return this.#core.domains
  }

  /** A domain that is introduced and owns `data` in its home. */
  domain(domid: number): Session {
    this.hypervisor.create(domid)
    this.ask(this.dom0, Op.MKDIR, [`/local/domain/${domid}/data`])
    this.ask(this.dom0, Op.SET_PERMS, [`/local/domain/${domid}/data`, `n${domid}`])
    this.ask(this.dom0, Op.INTRODUCE, [`${domid}`, '1', '1'])
    const session = this.#domains.get(domid)
    if (!session) throw new Error(`Domain ${domid} could not be introduced`)
    return session
  }

  /** Sends a request, and takes what there is for its sender then. */
  ask(who: Session, type: Op, payload: readonly string[] | Buffer, transactionId = 0): string[] {
    const bytes = Buffer.isBuffer(payload) ? payload : encodeStrings(...payload)
    this.#core.handle(who, { type, requestId: 1, transactionId, payload: bytes })
    return this.told(who)
  }

  /** Takes what there is for somebody. */
  told({ outbox }: Session): string[] {
    const parser = new MessageParser()
    if (!outbox.isEmpty) parser.feed(outbox.take())
    const lines: string[] = []
    for (let next = parser.next(); next.kind === 'message'; next = parser.next())
      lines.push(`${opName(next.message.type)} ${asText(next.message.payload)}`.trimEnd())
    return lines
  }
}

function asText(payload: Buffer): string {
  return payload.toString('latin1').replace(/\0$/, '').replaceAll('\0', ' ')
}
