import { describe, expect, test } from 'vitest'
import { LineBudget } from './line-budget.ts'
import { loggable } from './loggable.ts'

const FRAMES = expect.arrayContaining([expect.stringMatching(/^at /)])

describe('the fields of a line', () => {
  test.each<[name: string, fields: object, logged: object]>([
    ['control characters', { reason: 'a\u001b[2J\u009b\u202eb' }, { reason: 'a?[2J??b' }],
    ['a text without end', { reason: 'x'.repeat(10_000) }, { reason: `${'x'.repeat(511)}…` }],
    [
      'a password',
      { args: { password: 'hunter2', display: 'vnc' } },
      { args: { password: '[secret]', display: 'vnc' } },
    ],
    [
      'secrets at any depth',
      { a: [{ vncPasswd: 1, Token: {} }] },
      { a: [{ vncPasswd: '[secret]', Token: '[secret]' }] },
    ],
    ['an error', { err: new TypeError('no\u0007') }, { err: { type: 'TypeError', message: 'no?', at: FRAMES } }],
    ['depth', { a: { b: { c: { d: { e: 1 } } } } }, { a: { b: { c: { d: '…' } } } }],
    ['what is plain', { id: 'x', ms: 1, ok: true, no: null }, { id: 'x', ms: 1, ok: true, no: null }],
  ])('%s', (_name, fields, logged) => {
    expect(loggable(fields)).toEqual(logged)
  })

  test('a list without end', () => {
    expect(loggable({ list: Array.from({ length: 1_000 }, () => 1) })['list']).toHaveLength(32)
  })
})

test('a budget of lines is used up, comes back with time, and counts what was left out', () => {
  const budget = new LineBudget(3, 10)
  expect([0, 0, 0, 0, 0].map(now => budget.spend(now))).toEqual([0, 0, 0, undefined, undefined])
  expect([100, 100].map(now => budget.spend(now))).toEqual([2, undefined])
  expect([10_000, 10_000, 10_000, 10_000].map(now => budget.spend(now))).toEqual([1, 0, 0, undefined])
})
