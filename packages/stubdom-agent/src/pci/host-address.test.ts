import { expect, test } from 'vitest'
import { hostAddress } from './host-address.ts'

const MACHINE = '0000:03:00.0'
const LOCAL = '0000:00:00.0'

test.each([
  ['7.2.22', LOCAL],
  ['9.0.4', LOCAL],
  ['9.1.0', MACHINE],
  ['9.10.0', MACHINE],
  ['10.0.2', MACHINE],
  ['unknown', LOCAL],
])('QEMU %s is told %s', (version, hostaddr) => {
  expect(hostAddress(version, MACHINE, LOCAL)).toMatchObject({ hostaddr })
})

test('an older one warns of what it cannot do, unless both addresses are the same', () => {
  expect(hostAddress('7.2.22', MACHINE, LOCAL).warning).toMatch(/MSI.*will not work/)
  expect(hostAddress('9.1.0', MACHINE, LOCAL).warning).toBeUndefined()
  expect(hostAddress('7.2.22', MACHINE, MACHINE)).toEqual({ hostaddr: MACHINE })
})
