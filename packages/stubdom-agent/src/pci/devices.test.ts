import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startQemu } from '@stubdom/demo'
import { QmpClient } from '@stubdom/qmp'
import { expect, onTestFinished, test } from 'vitest'
import type { Qemu } from '../commands/task.ts'
import { describePeripherals, findPeripheral, listPeripherals } from './devices.ts'

async function qemu(...extraArgs: string[]): Promise<Qemu> {
  const dir = await mkdtemp(join(tmpdir(), 'pci-'))
  const process = await startQemu({ dir, guest: 'paused-at-start', extraArgs })
  const client = await QmpClient.connect({ path: process.qmpPath })
  onTestFinished(async () => {
    await client.close()
    await process.stop()
    await rm(dir, { recursive: true, force: true })
  })
  return { version: '', execute: (command, args) => client.execute(command, args, { timeoutMs: 10_000 }) }
}

const none = () => false

test('devices are recognised by their ids, ours and libxl’s; others are not ours to list', async () => {
  const machine = await qemu(
    '-device',
    'edu,id=pci-pt-0001_03_00.0,addr=5',
    '-device',
    'edu,id=pci-pt-04_1f.7,addr=6',
    '-device',
    'edu,id=nic0,addr=7',
  )
  const devices = await listPeripherals(machine)
  expect(devices.toSorted((a, b) => (a.bdf < b.bdf ? -1 : 1))).toEqual([
    { bdf: '0000:04:1f.7', qdevId: 'pci-pt-04_1f.7', driver: 'edu' },
    { bdf: '0001:03:00.0', qdevId: 'pci-pt-0001_03_00.0', driver: 'edu' },
  ])
  expect(await findPeripheral(machine, '0000:03:00.0'), 'another segment').toBeUndefined()
})

test('where the guest sees a device is read back, with its ids and whether its removal waits', async () => {
  const machine = await qemu('-device', 'edu,id=pci-pt-0000_03_00.0,addr=9')
  const devices = await listPeripherals(machine)
  expect(await describePeripherals(machine, devices, id => id === 'pci-pt-0000_03_00.0')).toEqual([
    {
      bdf: '0000:03:00.0',
      qdevId: 'pci-pt-0000_03_00.0',
      driver: 'edu',
      guest: { bus: 0, slot: 9, function: 0 },
      vendorId: 0x1234,
      deviceId: 0x11e8,
      removalPending: true,
    },
  ])
})

test('a device behind a bridge that the firmware has not numbered still has its slot there', async () => {
  const machine = await qemu(
    '-device',
    'pci-bridge,id=br0,chassis_nr=1,addr=4',
    '-device',
    'edu,id=pci-pt-0000_03_00.0,bus=br0,addr=3',
  )
  const devices = await listPeripherals(machine)
  expect(await describePeripherals(machine, devices, none)).toMatchObject([{ guest: { slot: 3, function: 0 } }])
})

test('a reply that is not of the expected form is QEMU’s fault', async () => {
  const strange: Qemu = { version: '', execute: () => Promise.resolve({ not: 'a list' }) }
  await expect(listPeripherals(strange)).rejects.toMatchObject({ name: 'CommandFailure', code: 'qemu-error' })
})
