import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bdfOfQdevId, formatBdf, parseBdf, qdevId } from './bdf.ts'

const anyBdf = fc.record({
  segment: fc.integer({ min: 0, max: 0xffff }),
  bus: fc.integer({ min: 0, max: 0xff }),
  device: fc.integer({ min: 0, max: 0x1f }),
  func: fc.integer({ min: 0, max: 7 }),
})

describe('PCI addresses', () => {
  test.each([
    ['03:00.0', '0000:03:00.0'],
    ['3:0.0', '0000:03:00.0'],
    ['0001:AF:1f.7', '0001:af:1f.7'],
    ['1:af:1f.7', '0001:af:1f.7'],
  ])('%s is %s', (text, expected) => {
    const bdf = parseBdf(text)
    expect(bdf && formatBdf(bdf)).toBe(expected)
  })

  test.each([
    '',
    '03:00',
    '03:00.8',
    '03:20.0',
    '00000:03:00.0',
    '003:00.0',
    '03:00.0 ',
    '03:00.*',
    'g3:00.0',
    '03.00.0',
  ])('%j is none', text => {
    expect(parseBdf(text)).toBeUndefined()
  })

  test('survive writing and reading', () => {
    fc.assert(
      fc.property(anyBdf, bdf => {
        expect(parseBdf(formatBdf(bdf))).toEqual(bdf)
      }),
    )
  })
})

describe('qdev ids', () => {
  test('name the segment, so that equal devices of two segments do not collide', () => {
    expect(qdevId({ segment: 1, bus: 3, device: 0, func: 0 })).toBe('pci-pt-0001_03_00.0')
  })

  test('lead back to the address', () => {
    fc.assert(
      fc.property(anyBdf, bdf => {
        expect(bdfOfQdevId(qdevId(bdf))).toEqual(bdf)
      }),
    )
  })

  test('of libxl, without a segment, are understood', () => {
    expect(bdfOfQdevId('pci-pt-03_1f.2')).toEqual({ segment: 0, bus: 3, device: 0x1f, func: 2 })
  })

  test.each([
    '',
    'pci-pt-',
    'pci-pt-03_20.0',
    'pci-pt-03_00.8',
    'pci-pt-3_00.0',
    'xpci-pt-03_00.0',
    'pci-pt-03:00.0',
    'nic0',
  ])('%j is of neither form', id => {
    expect(bdfOfQdevId(id)).toBeUndefined()
  })
})
