import { describe, expect, test } from 'vitest'
import { type Acl, acl, decodeAcl, encodeAcl, formatAcl } from './acl.ts'
import { isErrnoName } from './errno.ts'

describe('an ACL and its wire form', () => {
  test.each<[wire: string[], value: Acl]>([
    [['n0'], acl(0)],
    [['n0', 'r7'], acl(0, [7, 'read'])],
    [['n7', 'r0', 'w6', 'b5', 'n4'], acl(7, [0, 'read'], [6, 'write'], [5, 'both'], [4, 'none'])],
    [['r32751'], { owner: 32_751, others: 'read', grants: [] }],
  ])('%j', (wire, value) => {
    expect(encodeAcl(value)).toEqual(wire)
    expect(decodeAcl(wire)).toEqual(value)
    expect(formatAcl(value)).toBe(wire.join(','))
  })

  test.each<[wire: string[]]>([
    [[]],
    [['']],
    [['n']],
    [['x0']],
    [['N0']],
    [['n-1']],
    [['n 1']],
    [['n0', 'r']],
    [['n123456']],
    [['n0\n']],
  ])('%j is none', wire => {
    expect(decodeAcl(wire)).toBeUndefined()
  })
})

test.each([
  ['ENOENT', true],
  ['EQUOTA', true],
  ['enoent', false],
  ['EWHAT', false],
  ['', false],
  ['toString', false],
])('%j is the name of an error: %s', (text, is) => {
  expect(isErrnoName(text)).toBe(is)
})
