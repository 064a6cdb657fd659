import { formatBdf } from '@stubdom/protocol'
import { expect, test } from 'vitest'
import { parseAddress } from './assignment.ts'

test.each([
  ['0000:03:00.0', '0000:03:00.0'],
  ['0000:03:00.00', '0000:03:00.0'],
  ['3:0.7', '0000:03:00.7'],
  ['00fe:0A:1f.07\n', '00fe:0a:1f.7'],
  [' 1:2:3.4', '0001:02:03.4'],
])('%j is an address', (text, bdf) => {
  const address = parseAddress(text)
  expect(address && formatBdf(address)).toBe(bdf)
})

test.each([[''], [undefined], ['0000:03:00'], ['0000:03:00.08'], ['0000:03:00.000'], ['0000:03:20.0']])(
  '%j is none',
  text => {
    expect(parseAddress(text)).toBeUndefined()
  },
)
