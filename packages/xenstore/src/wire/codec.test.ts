import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeMessage, MessageParser, nulTerminated, type ParseResult, splitNul } from './codec.ts'
import { type Message, Op, opName } from './messages.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

// type, req_id, tx_id, length, payload: written down from xs_wire.h, not from the encoder.
const GOLDEN: readonly (readonly [name: string, message: Message, bytes: Buffer])[] = [
  [
    'READ of /a',
    { type: Op.READ, requestId: 1, transactionId: 0, payload: Buffer.from('/a\0') },
    hex('02000000 01000000 00000000 03000000 2f6100'),
  ],
  [
    'WRITE of the bytes 00 ff to a, in a transaction',
    { type: Op.WRITE, requestId: 0x01020304, transactionId: 9, payload: Buffer.from([0x61, 0, 0, 0xff]) },
    hex('0b000000 04030201 09000000 04000000 610000ff'),
  ],
  [
    'a reply without payload, with the largest ids',
    { type: Op.READ, requestId: 0xffff_ffff, transactionId: 0xffff_ffff, payload: Buffer.alloc(0) },
    hex('02000000 ffffffff ffffffff 00000000'),
  ],
  [
    'a watch event',
    { type: Op.WATCH_EVENT, requestId: 0, transactionId: 0, payload: Buffer.from('/a\0w1\0') },
    hex('0f000000 00000000 00000000 06000000 2f6100 773100'),
  ],
  [
    'an error',
    { type: Op.ERROR, requestId: 2, transactionId: 0, payload: Buffer.from('ENOENT\0') },
    hex('10000000 02000000 00000000 07000000 454e4f454e5400'),
  ],
]
const ALL_BYTES = Buffer.concat(GOLDEN.map(([, , bytes]) => bytes))
const ALL_MESSAGES = GOLDEN.map(([, message]) => message)

function drain(parser: MessageParser): Message[] {
  const messages: Message[] = []
  for (let parsed = parser.next(); parsed.kind === 'message'; parsed = parser.next()) messages.push(parsed.message)
  return messages
}

/** A header alone. */
const header = (type: number, length: number): Buffer => {
  const bytes = hex('00000000 01000000 00000000 00000000')
  bytes.writeUInt32LE(type, 0)
  bytes.writeUInt32LE(length, 12)
  return bytes
}

const tooLarge = (announced: number): ParseResult => ({ kind: 'too-large', announced })

describe('encodeMessage', () => {
  test.each(GOLDEN)('%s', (_name, message, bytes) => {
    expect(encodeMessage(message)).toEqual(bytes)
  })
})

describe('MessageParser', () => {
  test.each(GOLDEN)('%s', (_name, message, bytes) => {
    const parser = new MessageParser()
    parser.feed(bytes)
    expect(parser.next()).toEqual({ kind: 'message', message })
    expect(parser.next()).toEqual({ kind: 'need-more' })
  })

  test('gives several messages of one chunk in order', () => {
    const parser = new MessageParser()
    parser.feed(ALL_BYTES)
    expect(drain(parser)).toEqual(ALL_MESSAGES)
  })

  test.each([1, 2, 3, 15, 16, 17, 20])(
    'gives the same messages when fed %i bytes at a time, out of one reused buffer',
    size => {
      const parser = new MessageParser()
      const reused = Buffer.alloc(size)
      const messages: Message[] = []
      for (let at = 0; at < ALL_BYTES.length; at += size) {
        const copied = ALL_BYTES.copy(reused, 0, at, at + size)
        parser.feed(reused.subarray(0, copied))
        messages.push(...drain(parser))
      }
      expect(messages).toEqual(ALL_MESSAGES)
    },
  )

  test('gives a message no sooner than its last byte', () => {
    const parser = new MessageParser()
    const bytes = hex('02000000 01000000 00000000 03000000 2f6100')
    for (const byte of bytes.subarray(0, -1)) {
      parser.feed(Uint8Array.of(byte))
      expect(parser.next().kind).toBe('need-more')
    }
    parser.feed(bytes.subarray(-1))
    expect(parser.next().kind).toBe('message')
  })

  test.each<[name: string, parser: MessageParser, header: Buffer, expected: ParseResult]>([
    ['4096 by default', new MessageParser(), header(Op.READ, 4096), { kind: 'need-more' }],
    ['not 4097', new MessageParser(), header(Op.READ, 4097), tooLarge(4097)],
    ['not 2^32 - 1', new MessageParser(), header(Op.READ, 0xffff_ffff), tooLarge(0xffff_ffff)],
    ['less when told so', new MessageParser(10), header(Op.READ, 11), tooLarge(11)],
    ['more of one type', new MessageParser(t => (t === 1 ? 99 : 9)), header(Op.DIRECTORY, 99), { kind: 'need-more' }],
    ['but not of another', new MessageParser(t => (t === 1 ? 99 : 9)), header(Op.READ, 10), tooLarge(10)],
  ])('judges the announced size by the header alone: %s', (_name, parser, bytes, expected) => {
    parser.feed(bytes)
    expect(parser.next()).toEqual(expected)
    expect(parser.next()).toEqual(expected) // There is no way back.
  })
})

describe('payload strings', () => {
  test.each<[strings: string[], bytes: string]>([
    [[''], '\0'],
    [['/a'], '/a\0'],
    [['/a', '', 'ü'], '/a\0\0ü\0'],
  ])('%j', (strings, bytes) => {
    expect(nulTerminated(...strings).toString('utf8')).toBe(bytes)
    expect(splitNul(Buffer.from(bytes))).toEqual(strings)
  })

  test('the last string may be unterminated, and nothing is no string', () => {
    expect(splitNul(Buffer.from('a\0b'))).toEqual(['a', 'b'])
    expect(splitNul(Buffer.alloc(0))).toEqual([])
  })
})

test('message types have names for people, unknown ones too', () => {
  expect([opName(Op.TRANSACTION_END), opName(99)]).toEqual(['TRANSACTION_END', 'operation 99'])
})

test('any strings come back from a payload, and any message from its bytes however they are cut', () => {
  const text = fc.string({ unit: 'grapheme' }).filter(string => !string.includes('\0'))
  fc.assert(
    fc.property(fc.array(text), strings => {
      expect(splitNul(nulTerminated(...strings))).toEqual(strings)
    }),
  )
  const id = fc.integer({ min: 0, max: 0xffff_ffff })
  const payload = fc.uint8Array({ maxLength: 4096 }).map(bytes => Buffer.from(bytes))
  const message = fc.record({ type: id, requestId: id, transactionId: id, payload })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), fc.integer({ min: 1, max: 5_000 }), (messages, size) => {
      const parser = new MessageParser()
      const stream = Buffer.concat(messages.map(encodeMessage))
      const parsed: Message[] = []
      for (let at = 0; at < stream.length; at += size) {
        parser.feed(stream.subarray(at, at + size))
        parsed.push(...drain(parser))
      }
      expect(parsed).toEqual(messages)
    }),
  )
})
