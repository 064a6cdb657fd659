import { expect, test } from 'vitest'
import { type Daemon, daemons, startXenstored, type TestXenstored } from '../../xenstored/start.ts'
import { Clients } from './clients.ts'
import { describeReply, inRowsOrder, isTransactionStart, payloadOf, textOf, typeOf } from './requests.ts'
import { parseRows, type Row } from './rows.ts'

const SERVERS = daemons()

/** One test for each server: the rows, one after the other, with a daemon of their own. See `rows.ts`. */
export function specify(title: string, ...texts: readonly string[]): void {
  specifyOn(SERVERS, title, ...texts)
}

/** The same for some servers only. */
export function specifyOn(servers: readonly Daemon[], title: string, ...texts: readonly string[]): void {
  test.each(SERVERS.filter(daemon => servers.includes(daemon)))(`${title} [%s]`, async daemon => {
    const rows = texts.flatMap(text => parseRows(text, daemon))
    const xenstored = await startXenstored({ daemon })
    const run = new Run(xenstored)
    try {
      const outcomes: Outcome[] = []
      for (const row of rows) outcomes.push(await run.check(row))
      // Only what differs, as a table has up to a thousand rows.
      const wrong = outcomes.filter(({ actual, expected }) => actual !== expected)
      expect(wrong.map(({ actual }) => actual)).toEqual(wrong.map(({ expected }) => expected))
    } finally {
      await run.end()
    }
  })
}

/** What a row did and should have done, in words. */
interface Outcome {
  readonly actual: string
  readonly expected: string
}

class Run {
  readonly #xenstored: TestXenstored
  readonly #clients: Clients
  readonly #transactions = new Map<string, number>()

  constructor(xenstored: TestXenstored) {
    this.#xenstored = xenstored
    this.#clients = new Clients(xenstored)
  }

  async check(row: Row): Promise<Outcome> {
    const { reply, events } = row.who === 'xen' ? await this.#act(row) : await this.#ask(row)
    const inWords = (aReply: string, someEvents: readonly string[]) =>
      abridged(`${row.line}\n  ${inRowsOrder(row.request, aReply)}  ${this.#comparable(someEvents).join('; ')}`)
    return { actual: inWords(reply, events), expected: inWords(row.reply, this.#expectedEvents(row)) }
  }

  async end(): Promise<void> {
    this.#clients.close()
    await this.#xenstored.stop()
  }

  /** `create 7`, `destroy 7`, `shutdown 7`; or `domain 7`: all that the toolstack does for one, see `createDomain`. */
  async #act({ request }: Row) {
    const [deed, number] = request.split(' ')
    const domid = Number(number)
    if (deed === 'domain') await this.#xenstored.createDomain(domid)
    else if (deed === 'create' || deed === 'destroy' || deed === 'shutdown')
      await this.#xenstored.hypervisor[deed](domid)
    else throw new Error(`No such deed: ${request}`)
    const { events } = await this.#clients.collect()
    return { reply: 'OK', events }
  }

  async #ask(row: Row) {
    const { who, transaction, request } = row
    const wire = await this.#clients.get(who)
    const requestId = wire.send(typeOf(request), payloadOf(request), this.#transactionId(row))
    await wire.settled(requestId)
    const { replies, events } = await this.#clients.collect(who)
    const [reply, ...more] = replies
    if (more.length > 0) throw new Error(`${replies.length} replies: ${row.line}`)
    if (!reply) return { reply: 'closed', events }
    const described = describeReply(row, reply.type, reply.payload)
    if (isTransactionStart(request) && described === 'OK')
      this.#transactions.set(transaction, Number(textOf(reply.payload)))
    return { reply: described, events }
  }

  #transactionId({ transaction, request, line }: Row): number {
    if (transaction === '-') return 0
    const known = this.#transactions.get(transaction)
    if (known !== undefined) return known
    if (/^\d+$/.test(transaction)) return Number(transaction)
    if (isTransactionStart(request)) return 0
    throw new Error(`No transaction of that name has begun: ${line}`)
  }

  #expectedEvents({ who, request, events }: Row): readonly string[] {
    const cameBefore = this.#xenstored.daemon !== 'ocaml' || /^(commit|introduce)\b/.test(request)
    if (cameBefore) return events
    return events.map(event => (event.startsWith(`${who} `) ? `then ${event}` : event))
  }

  /**
   * In which order different clients get their events is nobody's promise; on oxenstored neither is the order of the
   * events that one request causes.
   */
  #comparable(events: readonly string[]): string[] {
    if (this.#xenstored.daemon === 'ocaml') return events.toSorted()
    return events.toSorted((a, b) => receiverOf(a).localeCompare(receiverOf(b)))
  }
}

function abridged(text: string): string {
  return text.replaceAll(/x{20,}/g, ({ length }) => `<${length}>`)
}

function receiverOf(event: string): string {
  return event.replace(/^then /, '').split(' ')[0] ?? ''
}
