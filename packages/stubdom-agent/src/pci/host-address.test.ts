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

test('an older one takes nothing that pciback shows where Intel graphics are', () => {
  expect(hostAddress('7.2.22', MACHINE, '0000:00:02.0').obstacle).toMatch(/nothing but Intel graphics/)
  expect(hostAddress('9.1.0', MACHINE, '0000:00:02.0').obstacle).toBeUndefined()
  expect(hostAddress('7.2.22', MACHINE, LOCAL).obstacle).toBeUndefined()
  // On the machine itself it is them.
  expect(hostAddress('7.2.22', '0000:00:02.0', '0000:00:02.0').obstacle).toBeUndefined()
})
