import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Access, type Acl, acl, DOMID_MAX, decodeAcl, encodeAcl, formatAcl } from './acl.ts'
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

test('any ACL comes back from its wire form, and what is none is undefined, whatever the entries', () => {
  const domid = fc.nat({ max: DOMID_MAX })
  const access = fc.constantFrom<Access>('none', 'read', 'write', 'both')
  const grants = fc.array(fc.record({ domid, access }), { maxLength: 5 })
  fc.assert(
    fc.property(fc.record({ owner: domid, others: access, grants }), value => {
      expect(decodeAcl(encodeAcl(value))).toEqual(value)
    }),
  )
  const entry = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[nrwbx]\d{0,6}$/))
  fc.assert(
    fc.property(fc.array(entry), entries => {
      const decoded = decodeAcl(entries)
      const wellFormed = entries.length > 0 && entries.every(text => /^[nrwb]\d{1,5}$/.test(text))
      expect(decoded === undefined).toBe(!wellFormed)
    }),
  )
})
