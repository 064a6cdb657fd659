import { QmpCommandError } from '@stubdom/qmp'
import { expect, test } from 'vitest'
import { Removals } from '../pci/removals.ts'
import { Turn } from '../pci/turn.ts'
import { pciAttach } from './pci-attach.ts'
import { pciDetach } from './pci-detach.ts'
import type { Task } from './task.ts'

const ID = 'pci-pt-0000_03_00.0'

/** A QEMU whose guest answers device_del before QEMU does: no machine that can be had here emits DEVICE_UNPLUG_GUEST_ERROR. */
function taskWith(answer: 'DEVICE_UNPLUG_GUEST_ERROR' | 'gone', devices: string[]): Task {
  const removals = new Removals()
  let isAdded = false
  const execute = async (command: string): Promise<unknown> => {
    if (command === 'qom-list') return devices.map(name => ({ name, type: 'child<edu>' }))
    if (command === 'device_add') {
      isAdded = true
      devices.push(ID)
    }
    // The read-back after an attach fails.
    if (command === 'query-pci' && isAdded) throw new QmpCommandError(command, 'GenericError', 'no')
    if (command === 'query-pci') return []
    if (command === 'device_del') {
      if (answer === 'gone') removals.onListing(new Set())
      else removals.onEvent({ event: answer, data: { device: ID } })
    }
    return {}
  }
  return {
    removals,
    qemu: { version: '7.2.22', execute },
    driver: 'edu',
    turn: new Turn(),
    signal: new AbortController().signal,
    commit: () => {},
    accepted: () => {},
  } as unknown as Task
}

test('a guest that refuses before QEMU has answered device_del has refused', async () => {
  const detach = pciDetach.run({ bdf: '0000:03:00.0' }, taskWith('DEVICE_UNPLUG_GUEST_ERROR', [ID]))
  await expect(detach).rejects.toMatchObject({ code: 'guest-refused', outcome: 'not-done' })
})

test('a device that is gone before QEMU has answered device_del is gone', async () => {
  expect(await pciDetach.run({ bdf: '0000:03:00.0' }, taskWith('gone', [ID]))).toEqual({
    bdf: '0000:03:00.0',
    qdevId: ID,
  })
})

test.each([
  ['DEVICE_UNPLUG_GUEST_ERROR', 'partly', 'the guest refused to give it up again'],
  ['gone', 'not-done', 'it was removed again'],
] as const)(
  'an attach that is taken back says how that ended when the guest answers early: %s',
  async (answer, outcome, how) => {
    const attach = pciAttach.run({ bdf: '0000:03:00.0' }, taskWith(answer, []))
    await expect(attach).rejects.toMatchObject({ code: 'qemu-error', outcome, message: expect.stringContaining(how) })
  },
)
