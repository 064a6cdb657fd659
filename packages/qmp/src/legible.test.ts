import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QmpCommandError } from './errors.ts'
import { legible } from './legible.ts'
import { parseMessage } from './messages.ts'
import { PendingCommands } from './pending.ts'

describe('text from QEMU is fit for a log:', () => {
  test.each([
    ['plain “text” 日本語 😀', 'plain “text” 日本語 😀'],
    ['\u001b[2J\r\n', '?[2J??'],
    ['\u007f\u009b31m', '??31m'],
    ['a\u202eb\u2028c\ud800', 'a?b?c?'],
  ])('%j', (text, expected) => {
    expect(legible(text, 100)).toBe(expected)
  })

  test('whatever it is, it keeps within its length and holds no control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (text, max) => {
        const result = legible(text, max)
        expect(result.length).toBeLessThanOrEqual(max)
        expect(result).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      }),
    )
  })
})

const EVIL = '\u007f\u009b31m\u202e'

test.each<[string, () => unknown]>([
  ['a line that is no QMP', () => parseMessage(EVIL)],
  ['JSON that is no QMP', () => parseMessage(JSON.stringify({ error: EVIL }))],
  [
    'an answer to nothing',
    () => new PendingCommands().settle({ kind: 'error', id: undefined, class: 'GenericError', desc: EVIL }),
  ],
  [
    'a refusal',
    () => {
      throw new QmpCommandError('stop', `GenericError${EVIL}`, EVIL.repeat(1_000))
    },
  ],
])('the error about %s is fit for a log, too, and not long', (_, act) => {
  const message = (() => {
    try {
      return act()
    } catch (error) {
      return (error as Error).message
    }
  })()
  expect(message).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{10,1200}$/u)
})
