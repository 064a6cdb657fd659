import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { attachedDevices } from '../dom0/control.ts'
import type { Guest } from '../dom0/guest.ts'
import { onTestEnd, topic } from '../dom0/harness.ts'
import { ownerOf, permissionsOf } from '../dom0/hypervisor.ts'
import { EDU, EDU_REGISTERS, lend, TESTDEV } from '../dom0/pci.ts'
import { sharedGuest } from '../dom0/shared-guest.ts'
import { run, xl } from '../dom0/shell.ts'
import { stubdomctl, stubdomctlJson } from '../dom0/stubdomctl.ts'
import { firstBar } from '../dom0/toolstack.ts'
import { readNode, xenstore } from '../dom0/xenstore.ts'

/** What stands of a device for a guest: in Xenstore, in pciback, in the hypervisor. */
async function traces(guest: Guest, bdf: string) {
  const xs = await xenstore()
  const record = recordOf(bdf)
  return {
    guest: await readNode(`${record}/domid`),
    backend: await xs.exists(backendOf(guest)),
    frontend: await xs.exists(`/local/domain/${guest.stubdomain}/device/pci/0`),
    assignable: (await xl('pci-assignable-list')).includes(bdf),
    switchesInterrupts: readFileSync('/sys/bus/pci/drivers/pciback/allow_interrupt_control', 'utf8').includes(bdf),
    owner: await ownerOf(bdf),
    guestMayUse: await permissionsOf(guest.domid),
    stubdomainMayUse: await permissionsOf(guest.stubdomain),
  }
}

const recordOf = (bdf: string) => `/libxl/pci/${bdf.replaceAll(/[:.]/g, '-')}`
const backendOf = ({ stubdomain }: Guest) => `/local/domain/0/backend/pci/${stubdomain}/0`

async function attach(guest: Guest, device: string): Promise<void> {
  const { code, stderr } = await stubdomctl('pci-attach', '--plumb', guest.name, device)
  assert.equal(code, 0, stderr)
}

async function detach(guest: Guest, bdf: string): Promise<void> {
  const { code, stderr } = await stubdomctl('pci-detach', '--plumb', guest.name, bdf)
  assert.equal(code, 0, stderr)
}

/** A plumbed attach that must fail, and have changed nothing. @returns what it said */
async function attachFails(guest: Guest, device: string) {
  const { code, document } = await stubdomctlJson('pci-attach', '--plumb', guest.name, device)
  const { error } = document as { error: { code: string; outcome: string; message: string } }
  assert.equal(code, 1, JSON.stringify(error))
  assert.equal(error.outcome, 'not-done', error.message)
  return error
}

topic('the whole of a hot-plug', test => {
  test('a guest that reads the device the moment that it sees it reads its registers', async () => {
    const guest = await sharedGuest()
    await lend(EDU.bdf)
    const probe = await guest.probe()
    onTestEnd(() => probe.stop())
    await attach(guest, EDU.bdf)
    const slot = await guest.sees(EDU.identity)
    assert.equal(await probe.told(), `${slot.toString(16)}:${EDU_REGISTERS}`)
    await detach(guest, EDU.bdf)
  })

  test('permissions, records and the result say the same; after the detach nothing is left of it', async () => {
    const guest = await sharedGuest()
    await lend(EDU.bdf)
    const before = await traces(guest, EDU.bdf)
    assert.deepEqual(
      { guest: before.guest, backend: before.backend, assignable: before.assignable, owner: before.owner },
      { guest: undefined, backend: false, assignable: true, owner: 'nobody' },
    )
    const options = `${EDU.bdf}@9,permissive=1,rdm_policy=strict,msitranslate=1`
    const { code, stderr, document } = await stubdomctlJson('pci-attach', '--plumb', guest.name, options)
    assert.equal(code, 0, stderr)
    const { result, plumbing } = document as {
      result: { guest: { slot: number }; permissive: boolean }
      plumbing: { backend: string; interrupt: number; ranges: unknown[]; notes: string[] }
    }
    assert.deepEqual([result.guest.slot, result.permissive], [9, true])
    assert.equal(await guest.sees(EDU.identity), 9)

    const { first, count } = firstBar(EDU.bdf)
    assert.deepEqual(plumbing.ranges, [{ kind: 'memory', first, count }])
    assert.equal(plumbing.interrupt, Number(readFileSync(`/sys/bus/pci/devices/${EDU.bdf}/irq`, 'utf8')))
    assert.equal(plumbing.backend, backendOf(guest))
    assert.match(plumbing.notes.join('\n'), /comes back without it\n.*xl pci-list/)

    const during = await traces(guest, EDU.bdf)
    assert.equal(during.guest, String(guest.domid))
    assert.equal(during.owner, `d${guest.domid}`)
    const frames = [first, first + count - 1].map(frame => frame.toString(16)).join('-')
    for (const permissions of [during.guestMayUse, during.stubdomainMayUse]) {
      const text = permissions.join('\n')
      assert.match(text, new RegExp(`I/O Memory.*\\b${frames}\\b`))
      assert.match(text, new RegExp(`Interrupts.*\\b${plumbing.interrupt}\\b`))
    }
    assert.equal(
      await readNode(`${backendOf(guest)}/opts-0`),
      'msitranslate=1,power_mgmt=0,permissive=1,rdm_policy=strict',
    )

    await detach(guest, EDU.bdf)
    assert.deepEqual(await traces(guest, EDU.bdf), before)
  })

  test('a device that stock xl attached is detached by us, and attached again by both', async () => {
    const guest = await sharedGuest()
    await lend(EDU.bdf)
    const before = await traces(guest, EDU.bdf)
    for (const by of ['xl', 'us', 'xl']) {
      if (by === 'xl') await xl('pci-attach', guest.name, EDU.bdf)
      else await attach(guest, EDU.bdf)
      assert.equal(await guest.registers(await guest.sees(EDU.identity)), EDU_REGISTERS, by)
      await detach(guest, EDU.bdf)
      await guest.lacks(EDU.identity)
      assert.deepEqual(await traces(guest, EDU.bdf), before, by)
    }
  })

  // No driver of this dom0 wants one of the lab's devices; what is done with a driver is tested beside the source.
  test('seize gives a device to pciback first, and it stays there', async () => {
    const guest = await sharedGuest()
    giveBackToDom0(TESTDEV.bdf)
    assert.ok(!(await xl('pci-assignable-list')).includes(TESTDEV.bdf))
    await attach(guest, `${TESTDEV.bdf},seize=1`)
    await guest.sees(TESTDEV.identity)
    await detach(guest, TESTDEV.bdf)
    assert.equal(await ownerOf(TESTDEV.bdf), 'nobody')
    assert.ok((await xl('pci-assignable-list')).includes(TESTDEV.bdf))
  })
})

/** Takes a device from pciback when the test has ended. */
function giveBackToDom0(bdf: string): void {
  onTestEnd(async () => {
    await run('xl', ['pci-assignable-remove', bdf])
  })
}

topic('a hot-plug that fails leaves everything as it was', test => {
  test('QEMU refuses, since the slot is taken', async () => {
    const guest = await sharedGuest()
    await lend(EDU.bdf)
    giveBackToDom0(TESTDEV.bdf)
    await attach(guest, `${EDU.bdf}@7`)
    const before = await traces(guest, TESTDEV.bdf)
    const error = await attachFails(guest, `${TESTDEV.bdf}@7,seize=1`)
    assert.equal(error.code, 'qemu-error')
    assert.match(error.message, /slot 7/)
    assert.deepEqual(await traces(guest, TESTDEV.bdf), before)
    assert.deepEqual(await attachedDevices(guest), [EDU.bdf])
    assert.equal(await guest.registers(7), EDU_REGISTERS)

    await attach(guest, `${TESTDEV.bdf}@8,seize=1`)
    assert.equal(await guest.sees(TESTDEV.identity), 8)
    await detach(guest, TESTDEV.bdf)
    await detach(guest, EDU.bdf)
  })

  test('pciback does not have the device, or the host has none', async () => {
    const guest = await sharedGuest()
    const { message } = await attachFails(guest, EDU.bdf)
    assert.match(message, /pciback does not have/)
    assert.match((await attachFails(guest, '0000:1f:00.0')).message, /has no PCI device/)
    assert.equal(await readNode(`${recordOf(EDU.bdf)}/domid`), undefined)
  })

  test('another guest has it, by the record and by the hypervisor alone; it goes on using it', async () => {
    const guest = await sharedGuest()
    const other = await sharedGuest(guest)
    await lend(EDU.bdf)
    await attach(other, EDU.bdf)
    const before = await traces(other, EDU.bdf)
    assert.match((await attachFails(guest, EDU.bdf)).message, new RegExp(`given to domain ${other.domid} already`))
    assert.deepEqual(await traces(other, EDU.bdf), before)

    await (await xenstore()).rm(`${recordOf(EDU.bdf)}/domid`)
    assert.match((await attachFails(guest, EDU.bdf)).message, /another guest has it/)
    // libxl goes by the record.
    assert.deepEqual(await traces(other, EDU.bdf), { ...before, guest: undefined, assignable: true })
    assert.equal(await other.registers(await other.sees(EDU.identity)), EDU_REGISTERS)

    await detach(other, EDU.bdf)
    await attach(guest, EDU.bdf)
    assert.equal(await guest.registers(await guest.sees(EDU.identity)), EDU_REGISTERS)
    await detach(guest, EDU.bdf)
  })
})
