import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pciAttach } from './commands/pci-attach.ts'
import { parsePciSpec } from './pci-spec.ts'

describe('a PCI specification', () => {
  test.each([
    ['03:00.0', { bdf: '0000:03:00.0' }],
    ['0001:03:00.7', { bdf: '0001:03:00.7' }],
    ['03:00.0@5', { bdf: '0000:03:00.0', slot: 5 }],
    ['03:00.*', { bdf: '0000:03:00.0', functions: 'all' }],
    ['1:03:00.*@7', { bdf: '0001:03:00.0', functions: 'all', slot: 7 }],
    ['03:00.0@1f', { bdf: '0000:03:00.0', slot: 31 }],
    ['03:00.0,permissive=1', { bdf: '0000:03:00.0', permissive: true }],
    [
      '03:00.0@10,permissive=0,msitranslate=1,power_mgmt=0,seize=1,rdm_policy=relaxed',
      {
        bdf: '0000:03:00.0',
        slot: 16,
        permissive: false,
        msitranslate: true,
        power_mgmt: false,
        seize: true,
        rdm_policy: 'relaxed',
      },
    ],
  ])('%s', (text, expected) => {
    const args = parsePciSpec(text)
    expect(args).toEqual(expected)
    expect(pciAttach.args.safeParse(args).success).toBe(true)
  })

  test.each([
    ['', /no PCI address/],
    ['banana', /"banana" is no PCI address/],
    ['03:20.*', /no PCI address/],
    ['03:00.*,functions=all', /unknown option "functions"/],
    ['03:20.0', /no PCI address/],
    ['03:00.0@', /slot "" is out of range/],
    ['03:00.0@0', /slot "0" is out of range/],
    ['03:00.0@20', /slot "20" is out of range/],
    ['03:00.0@1@2', /more than one @/],
    ['03:00.0,', /unknown option ""/],
    ['03:00.0,colour=1', /unknown option "colour"; there are permissive/],
    ['03:00.0,bdf=1', /unknown option "bdf"/],
    ['03:00.0,constructor=1', /unknown option "constructor"/],
    ['03:00.0,__proto__=1', /unknown option "__proto__"/],
    ['03:00.0,permissive', /must be 0 or 1/],
    ['03:00.0,permissive=yes', /must be 0 or 1/],
    ['03:00.0,permissive=1=1', /must be 0 or 1/],
    ['03:00.0,rdm_policy=loose', /strict or relaxed/],
    ['03:00.0,seize=0,seize=1', /given twice/],
  ])('%j is refused in words', (text, problem) => {
    expect(parsePciSpec(text)).toEqual({ problem: expect.stringMatching(problem) })
  })
})

test('any text becomes arguments that fit the command, or is refused in words', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '03:00.0',
      '0001:',
      '@',
      '1f',
      ',',
      '=',
      'permissive',
      'rdm_policy',
      'strict',
      '0',
      '1',
      '__proto__',
      '.*',
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
  )
  const list = fc.array(piece, { maxLength: 9 }).map(pieces => pieces.join(''))
  const options = fc.array(fc.constantFrom('permissive=1', 'seize=0', 'rdm_policy=strict', 'msitranslate=2', '', 'x=1'))
  const near = fc.tuple(fc.constantFrom('03:00.0', '3:0.0', '03:00.0@7', '03:1f.7@0'), options)
  const anything = fc.oneof(
    list,
    near.map(([address, more]) => [address, ...more].join()),
  )
  const parsing = fc.property(anything, text => {
    const parsed = parsePciSpec(text)
    return 'problem' in parsed ? parsed.problem.length > 10 : pciAttach.args.safeParse(parsed).success
  })
  expect(() => fc.assert(parsing, { numRuns: 300 })).not.toThrow()
})
