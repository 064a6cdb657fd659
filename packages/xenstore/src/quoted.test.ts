import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quoted } from './quoted.ts'

describe('a quotation', () => {
  test.each([
    ['plain “text” ü 😀', '"plain “text” ü 😀"'],
    ['"a"\\b\n', '"\\"a\\"\\\\b\\n"'],
    ['\u001b[2J', '"\\u001b[2J"'],
    ['\u007f\u009b31m', '"\\u007f\\u009b31m"'],
    ['a\u202eb\u2028c', '"a\\u202eb\\u2028c"'],
    ['\ud800', '"\\ud800"'],
    ['\u{e0001}', '"\\udb40\\udc01"'],
    ['x'.repeat(201), `"${'x'.repeat(199)}…"`],
  ])('%j', (text, expected) => {
    expect(quoted(text)).toBe(expected)
  })

  test('says what it quotes, without a control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), text => {
        expect(quoted(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
        expect(JSON.parse(quoted(text))).toBe(text)
      }),
    )
  })
})
