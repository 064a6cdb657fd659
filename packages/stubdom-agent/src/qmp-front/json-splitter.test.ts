import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonSplitter, OverlongError } from './json-splitter.ts'

function pieces(...chunks: string[]): [string, boolean][] {
  const splitter = new JsonSplitter(1_000)
  return chunks.flatMap(chunk =>
    [...splitter.push(Buffer.from(chunk, 'latin1'))].map(({ bytes, whole }): [string, boolean] => [
      bytes.toString('latin1'),
      whole,
    ]),
  )
}

const wholes = (...chunks: string[]): string[] =>
  pieces(...chunks)
    .filter(([, whole]) => whole)
    .map(([text]) => text)

describe('messages end where QEMU ends them', () => {
  test.each([
    ['one on a line', ['{"a":1}\r\n'], ['{"a":1}']],
    ['two on a line', ['{"a":1}{"b":2}'], ['{"a":1}', '{"b":2}']],
    ['one on several lines', ['{\n "a": [1,\r\n {}]\n}\n'], ['{\n "a": [1,\r\n {}]\n}']],
    ['one in several chunks', ['{"a', '":', '1}'], ['{"a":1}']],
    ['brackets in a string', ['{"a":"}]{"}'], ['{"a":"}]{"}']],
    ['an escaped quote', ['{"a":"\\"}"}'], ['{"a":"\\"}"}']],
    ['an escape between chunks', ['{"a":"\\', '"}"}'], ['{"a":"\\"}"}']],
    ['a string in apostrophes, with a quote', [`{'a':'"}'}`], [`{'a':'"}'}`]],
    ['a list', ['[1]{}'], ['[1]', '{}']],
    ['garbage before', ['}]garbage\n{"a":1}'], ['{"a":1}']],
    ['a control character, which begins anew', ['{"a":\x01{"b":2}'], ['{"b":2}']],
    ['a line end in a string, likewise', ['{"a":"x\n{"b":2}'], ['{"b":2}']],
    ['0xff, by which a client resynchronises', ['{{{"\xff{"b":2}'], ['{"b":2}']],
  ])('%s', (_, chunks, expected) => {
    expect(wholes(...chunks)).toEqual(expected)
  })
})

test('nothing is lost or changed, however it is cut, and the messages are the same', () => {
  const text = fc.string({ unit: fc.constantFrom(...'{}[]"\'\\a:,\n\u0001 '), maxLength: 40 })
  fc.assert(
    fc.property(text, fc.array(fc.nat(40), { maxLength: 6 }), (sent, cuts) => {
      const places = [0, ...cuts.filter(cut => cut < sent.length).toSorted((a, b) => a - b), sent.length]
      const chunks = places.slice(1).map((end, index) => sent.slice(places[index], end))
      expect(wholes(...chunks)).toEqual(wholes(sent))
      const splitter = new JsonSplitter(1_000)
      const passed = chunks.flatMap(chunk =>
        [...splitter.push(Buffer.from(chunk))].map(({ bytes }) => bytes.toString()),
      )
      expect(sent.startsWith(passed.join(''))).toBe(true)
      expect(sent.slice(passed.join('').length), 'what is held is one unfinished message').toMatch(/^([{[]|$)/)
    }),
    { numRuns: 500 },
  )
})

test('a message without an end is held up to the limit', () => {
  const splitter = new JsonSplitter(10)
  expect([...splitter.push(Buffer.from('{"a":"12'))]).toEqual([])
  expect(() => [...splitter.push(Buffer.from('3456'))]).toThrow(OverlongError)
})
