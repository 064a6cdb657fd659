import { expect, test } from 'vitest'
import { MessageParser } from '../wire/codec.ts'
import { Op } from '../wire/messages.ts'
import { Outbox } from './outbox.ts'
import { decodeStrings, encodeStrings } from './text.ts'

function drain(outbox: Outbox): string[] {
  const parser = new MessageParser()
  parser.feed(outbox.take())
  const lines: string[] = []
  for (let next = parser.next(); next.kind === 'message'; next = parser.next())
    lines.push(
      `${next.message.type === Op.WATCH_EVENT ? 'event' : 'reply'} ${decodeStrings(next.message.payload).join(' ')}`,
    )
  return lines
}

function reply(outbox: Outbox, text: string): void {
  outbox.reply({ type: Op.READ, requestId: 1, transactionId: 0, payload: encodeStrings(text) })
}

test('keeps replies and events in one order', () => {
  const outbox = new Outbox()
  outbox.event('/a', 't')
  reply(outbox, '1')
  outbox.event('/b', 't')
  expect(outbox.replies).toBe(1)
  expect(drain(outbox)).toEqual(['event /a t', 'reply 1', 'event /b t'])
  expect(outbox.isEmpty).toBe(true)
  expect(outbox.replies).toBe(0)
})

test('drops an event that waits already, and takes it again once that has left', () => {
  const outbox = new Outbox()
  for (const token of ['t', 't', 'u', 't']) outbox.event('/a', token)
  expect(drain(outbox)).toEqual(['event /a t', 'event /a u'])
  outbox.event('/a', 't')
  expect(drain(outbox)).toEqual(['event /a t'])
})

test('keeps every event of a special path', () => {
  const outbox = new Outbox()
  outbox.event('@releaseDomain', 't')
  outbox.event('@releaseDomain', 't')
  expect(drain(outbox)).toEqual(['event @releaseDomain t', 'event @releaseDomain t'])
})

test('throws everything away when it holds too much, and takes nothing more', () => {
  const outbox = new Outbox(100)
  const framed = 16 + '/1\0t\0'.length
  for (let index = 0; index * framed + framed <= 100; index++) outbox.event(`/${index}`, 't')
  expect(outbox.overflowed).toBe(false)
  outbox.event('/x', 't')
  expect(outbox.overflowed).toBe(true)
  reply(outbox, '1')
  expect(outbox.isEmpty).toBe(true)
  outbox.clear()
  reply(outbox, '1')
  expect(drain(outbox)).toEqual(['reply 1'])
})
