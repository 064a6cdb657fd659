import { expect, test } from 'vitest'
import { type Message, Op } from '../../wire/messages.ts'
import { decodeStrings } from '../text.ts'
import { type Driver, isEvent, startDriver, type Traffic } from './driver.ts'
import { describeReply, parseRows, payloadOf, type Row, typeOf } from './rows.ts'

/** A test that runs the rows, one after the other, against a fresh store. */
export function specify(title: string, ...texts: readonly string[]): void {
  const rows = texts.flatMap(parseRows)
  test(`${title}`, async () => {
    const driver = await startDriver()
    try {
      const transactions = new Map<string, number>()
      for (const row of rows) {
        const { reply, events } = await perform(driver, transactions, row)
        expect({ row: row.line, reply, events }).toEqual({
          row: row.line,
          reply: row.reply,
          events: byReceiver(row.events),
        })
      }
    } finally {
      await driver.stop()
    }
  })
}

interface Outcome {
  readonly reply: string
  readonly events: readonly string[]
}

async function perform(driver: Driver, transactions: Map<string, number>, row: Row): Promise<Outcome> {
  if (row.who === 'xen') {
    const [deed, domid] = row.request.split(' ')
    if (deed !== 'create' && deed !== 'destroy' && deed !== 'shutdown') throw new Error(`No such deed: ${row.line}`)
    return { reply: 'OK', events: eventsIn(await driver.hypervisor(deed, Number(domid))) }
  }
  const type = typeOf(row.request)
  const transactionId = row.transaction === '-' ? 0 : (transactions.get(row.transaction) ?? unknownId(row))
  const traffic = await driver.request(row.who, { type, requestId: 1, transactionId, payload: payloadOf(row.request) })
  const replies = (traffic.get(row.who) ?? []).filter(message => !isEvent(message))
  expect(replies.length, `replies to: ${row.line}`).toBe(1)
  const [reply] = replies as [Message]
  if (reply.type === Op.TRANSACTION_START) transactions.set(row.transaction, Number(decodeStrings(reply.payload)[0]))
  return { reply: describeReply(reply.type, reply.payload, row.reply), events: eventsIn(traffic) }
}

function unknownId({ transaction, request }: Row): number {
  if (/^\d+$/.test(transaction)) return Number(transaction)
  if (request === 'begin') return 0
  throw new Error(`No transaction ${transaction} has begun`)
}

function eventsIn(traffic: Traffic): string[] {
  const lines = [...traffic].flatMap(([who, messages]) => {
    const replyAt = messages.findIndex(message => !isEvent(message))
    return messages.flatMap((message, index) => {
      if (!isEvent(message)) return []
      const [path, token] = decodeStrings(message.payload)
      return [`${replyAt >= 0 && index > replyAt ? 'then ' : ''}${who} ${path || '.'} ${token}`]
    })
  })
  return byReceiver(lines)
}

/** In which order different clients get theirs is nobody's promise. */
function byReceiver(events: readonly string[]): string[] {
  return events.toSorted((a, b) => receiverOf(a).localeCompare(receiverOf(b)))
}

function receiverOf(event: string): string {
  return event.replace(/^then /, '').split(' ')[0] ?? ''
}
