import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EncodeError } from '../errors.ts'
import { MESSAGE_BYTES_MAX, PARTS_MAX, VALUE_BYTES_MAX } from '../limits.ts'
import { bytes, sha256 } from '../testing/text.ts'
import { encodeInParts, joinParts } from './parts.ts'
import { encodeJson } from './text.ts'

/** A message of exactly so many bytes. */
function messageOf(size: number) {
  return { text: 'x'.repeat(size - '{"text":""}'.length) }
}

function inParts(size: number) {
  const message = messageOf(size)
  const { node, parts } = encodeInParts(message, { v: 1 }, sha256)
  const { parts: count, bytes: size_, sha256: hash } = JSON.parse(node)
  return { message, head: { parts: count, bytes: size_, sha256: hash }, parts: parts.map(bytes) }
}

describe('a message', () => {
  test.each([
    [VALUE_BYTES_MAX, 0],
    [VALUE_BYTES_MAX + 1, 2],
    [2 * VALUE_BYTES_MAX, 2],
    [MESSAGE_BYTES_MAX, PARTS_MAX],
  ])('of %i bytes takes %i parts', (size, count) => {
    expect(encodeInParts(messageOf(size), { v: 1 }, sha256).parts).toHaveLength(count)
  })

  test('of one byte more than a message may have is too large', () => {
    expect(() => encodeInParts(messageOf(MESSAGE_BYTES_MAX + 1), { v: 1 }, sha256)).toThrow(EncodeError)
  })

  test('whose node needs room for more goes into parts sooner', () => {
    expect(encodeInParts(messageOf(100), { v: 1 }, sha256, 100).parts).toHaveLength(0)
    expect(encodeInParts(messageOf(101), { v: 1 }, sha256, 100).parts).toHaveLength(1)
  })

  test('comes back from its parts as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 400 }), { minLength: 10, maxLength: 40 }), list => {
        const message = { list, filler: 'x'.repeat(VALUE_BYTES_MAX) }
        const { node, parts } = encodeInParts(message, { v: 1, state: 'done' }, sha256)
        const head = JSON.parse(node)
        expect(head).toEqual({
          v: 1,
          state: 'done',
          parts: parts.length,
          bytes: expect.any(Number),
          sha256: expect.any(String),
        })
        expect([node, ...parts].every(value => value.length <= VALUE_BYTES_MAX)).toBe(true)
        const joined = joinParts('node', head, parts.map(bytes), sha256)
        expect(joined).toEqual({ ok: true, value: bytes(encodeJson(message)) })
      }),
    )
  })
})

describe('damage is noticed:', () => {
  const { head, parts } = inParts(5_000)
  const [first, second, third] = parts as [Uint8Array, Uint8Array, Uint8Array]
  const changed = second.slice()
  changed[100] = 0x79
  const foreign = second.slice()
  foreign[100] = 0xe9

  test.each<[string, typeof head, (Uint8Array | undefined)[], RegExp]>([
    ['a part is missing', head, [first, undefined, third], /part 1 of 3 is missing/],
    ['the last part is missing', head, [first, second], /part 2 of 3 is missing/],
    ['a part is cut', head, [first, second.slice(1), third], /hold 4999 bytes, its head announced 5000/],
    ['a part is longer', head, [first, second, bytes(`${'x'.repeat(1_300)}`)], /its head announced 5000/],
    ['a byte is another', head, [first, changed, third], /another SHA-256/],
    ['two parts changed places', head, [second, first, third], /another SHA-256/],
    ['a byte is not ASCII', head, [first, foreign, third], /not ASCII/],
    ['the head has another hash', { ...head, sha256: sha256('') }, [first, second, third], /another SHA-256/],
  ])('%s', (_, announced, found, expected) => {
    const joined = joinParts('node', announced, found, sha256)
    expect(joined.ok ? 'joined' : joined.error.reason).toMatch(expected)
  })
})
