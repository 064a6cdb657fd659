import { MessageParser } from '../../wire/codec.ts'
import { type Message, Op } from '../../wire/messages.ts'
import { Core } from '../core.ts'
import type { Session } from '../session.ts'

/** Something that a specification's rows can be run against. Clients are `0`, `0b`, … of dom0 and `7` of domain 7. */
export interface Driver {
  readonly hypervisor: (deed: 'create' | 'destroy' | 'shutdown', domid: number) => Promise<Traffic>
  readonly request: (who: string, message: Message) => Promise<Traffic>
  readonly stop: () => Promise<void>
}

/** What each client got, in the order in which it got it. */
export type Traffic = ReadonlyMap<string, readonly Message[]>

/** Runs them against the core, without any I/O. */
export async function startDriver(): Promise<Driver> {
  const sessions = new Map<string, Session>()
  const core = new Core({
    opened: session => sessions.set(`${session.domid}`, session),
    closed: session => sessions.delete(`${session.domid}`),
  })

  const sessionOf = (who: string): Session => {
    const session = sessions.get(who) ?? (who.startsWith('0') ? core.connect() : undefined)
    if (!session) throw new Error(`Domain ${who} is not introduced: it cannot ask for anything`)
    sessions.set(who, session)
    return session
  }

  const traffic = (): Traffic =>
    new Map([...sessions].map(([who, { outbox }]) => [who, messages(outbox.isEmpty ? Buffer.alloc(0) : outbox.take())]))

  return {
    hypervisor: async (deed, domid) => {
      core.domains[deed](domid)
      return traffic()
    },
    request: async (who, message) => {
      core.handle(sessionOf(who), message)
      return traffic()
    },
    stop: async () => {},
  }
}

function messages(bytes: Buffer): Message[] {
  const parser = new MessageParser()
  parser.feed(bytes)
  const found: Message[] = []
  for (let next = parser.next(); next.kind === 'message'; next = parser.next()) found.push(next.message)
  return found
}

export function isEvent({ type }: Message): boolean {
  return type === Op.WATCH_EVENT
}
