import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, encodeJson, printable } from './text.ts'

describe('encodeJson', () => {
  test('writes compact JSON in printable ASCII, and nothing is lost', () => {
    fc.assert(
      fc.property(fc.json(), json => {
        const value: unknown = JSON.parse(json)
        const text = encodeJson(value)
        expect(text).toMatch(/^[\x20-\x7e]*$/)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test.each([
    ['é', '"\\u00e9"'],
    ['😀', '"\\ud83d\\ude00"'],
    ['\u007f', '"\\u007f"'],
    ['\u0001\n', '"\\u0001\\n"'],
    ['\ud800', '"\\ud800"'],
  ])('%j', (value, expected) => {
    expect(encodeJson(value)).toBe(expected)
  })
})

describe('canonicalJson', () => {
  test('sorts the keys of objects at every depth and leaves lists as they are', () => {
    expect(canonicalJson({ b: [3, { z: 1, y: 2 }, 1], a: null, A: 'é' })).toBe(
      '{"A":"\\u00e9","a":null,"b":[3,{"y":2,"z":1},1]}',
    )
  })

  test('keeps a key named __proto__ as what it is', () => {
    expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"d":1,"c":2}}'))).toBe('{"__proto__":{"c":2,"d":1},"b":1}')
  })

  test('is the same for any order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), value => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        expect(canonicalJson(reversed)).toBe(canonicalJson(value))
      }),
    )
  })
})

describe('printable', () => {
  test.each([
    ['plain text, “quoted” – 日本語 😀', 'plain text, “quoted” – 日本語 😀'],
    ['\u001b[31mred\u0007', '?[31mred?'],
    ['a\r\nb\tc', 'a??b?c'],
    ['\u007f\u009b', '??'],
    ['abc\u202egpj.exe', 'abc?gpj.exe'],
    ['\u2066x\u2069\u200b', '?x??'],
    ['line\u2028para\u2029', 'line?para?'],
    ['lone \ud800 and \udc00', 'lone ? and ?'],
  ])('%j', (text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  test.each([
    ['12345', 5, '12345'],
    ['123456', 5, '1234…'],
    ['123😀56', 5, '123?…'],
  ])('%j cut to %i', (text, max, expected) => {
    expect(printable(text, max)).toBe(expected)
  })

  test('lets no control character through and keeps within its length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (text, max) => {
        const result = printable(text, max)
        expect(result.length).toBeLessThanOrEqual(max)
        expect(result).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      }),
    )
  })
})
