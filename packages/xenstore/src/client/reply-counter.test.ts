import { expect, test } from 'vitest'
import { encodeMessage } from '../wire/codec.ts'
import { Op } from '../wire/messages.ts'
import { ReplyCounter } from './reply-counter.ts'

const message = (type: number, payload: string) =>
  encodeMessage({ type, requestId: 1, transactionId: 0, payload: Buffer.from(payload) })

const STREAM = Buffer.concat([
  message(Op.READ, 'a value'),
  message(Op.WATCH_EVENT, 'data\0token\0'),
  message(Op.WRITE, ''),
  message(Op.ERROR, 'ENOENT\0'),
])

test.each([1, 5, 16, 17, STREAM.length])('replies are counted, events are not, in pieces of %i bytes', size => {
  const counter = new ReplyCounter()
  let replies = 0
  for (let at = 0; at < STREAM.length; at += size) replies += counter.feed(STREAM.subarray(at, at + size))
  expect(replies).toBe(3)
})

test('a reply counts when all of it has come', () => {
  const counter = new ReplyCounter()
  expect(counter.feed(STREAM.subarray(0, 22))).toBe(0)
  expect(counter.feed(STREAM.subarray(22, 23))).toBe(1)
})
