import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QmpProtocolError } from './errors.ts'
import { LineSplitter } from './line-splitter.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** The lines that come out when `stream` arrives cut at the given places. */
function split(stream: Uint8Array, cuts: readonly number[], maxBytes = 1_000): string[] {
  const splitter = new LineSplitter(maxBytes)
  const edges = [0, ...cuts.map(cut => cut % (stream.length + 1)).toSorted((a, b) => a - b), stream.length]
  return edges.slice(1).flatMap((edge, i) => Array.from(splitter.push(stream.subarray(edges[i], edge))))
}

const cuts = fc.array(fc.nat())
const line = fc.string({ unit: 'grapheme', maxLength: 40 }).filter(text => !/[\r\n]/.test(text) && text.isWellFormed())

describe('a stream of lines', () => {
  test.each([
    ['LF', 'one\ntwo\n', ['one', 'two']],
    ['CRLF, as QEMU sends', 'one\r\ntwo\r\n', ['one', 'two']],
    ['an empty line', '\r\n\n', ['', '']],
    ['an unfinished line stays inside', 'one\r\ntw', ['one']],
    ['characters of 2, 3 and 4 bytes', 'ü€😀\r\n', ['ü€😀']],
    ['a byte order mark is a character like others', '\uFEFFx\n', ['\uFEFFx']],
  ])('%s', (_, stream, lines) => expect(split(bytes(stream), [])).toEqual(lines))

  test('is the same however it was cut, within characters too', () => {
    fc.assert(
      fc.property(fc.array(line), cuts, (lines, places) => {
        expect(split(bytes(lines.map(text => `${text}\r\n`).join('')), places)).toEqual(lines)
      }),
    )
  })
})

describe('a message that is too long', () => {
  test.each([
    ['finished', 'x'.repeat(11), '\n'],
    ['unfinished', 'x'.repeat(11), ''],
  ])('is refused when %s', (_, text, end) => {
    expect(() => split(bytes(text + end), [], 10)).toThrow(
      new QmpProtocolError('A message from QEMU is longer than 10 bytes'),
    )
  })

  test('is refused although it comes byte by byte, and not one byte earlier', () => {
    const splitter = new LineSplitter(10)
    for (let i = 0; i < 10; i++) expect([...splitter.push(bytes('x'))]).toEqual([])
    expect(() => [...splitter.push(bytes('x'))]).toThrow(QmpProtocolError)
  })

  test('is measured by itself, not with its neighbours', () => {
    expect(split(bytes('12345678\n12345678\n'), [4, 13], 10)).toEqual(['12345678', '12345678'])
  })
})

test('bytes that are not UTF-8 are refused', () => {
  expect(() => split(Uint8Array.of(0xc3, 0x28, 0x0a), [])).toThrow(
    new QmpProtocolError('A message from QEMU is not UTF-8'),
  )
})

test('whatever the bytes, only QmpProtocolError comes out', () => {
  const splitting = fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (stream, places) => {
    try {
      return split(stream, places, 50).every(text => text.length <= 50)
    } catch (error) {
      return error instanceof QmpProtocolError
    }
  })
  expect(() => fc.assert(splitting)).not.toThrow()
})
