import assert from 'node:assert/strict'
import { asked, attachComesTo } from '../dom0/control.ts'
import type { Guest } from '../dom0/guest.ts'
import { topic } from '../dom0/harness.ts'
import { ownerOf } from '../dom0/hypervisor.ts'
import { EDU, EDU_REGISTERS, lend } from '../dom0/pci.ts'
import { PcibackGate } from '../dom0/pciback-gate.ts'
import { sharedGuest } from '../dom0/shared-guest.ts'
import { succeed } from '../dom0/shell.ts'
import { stubdomctl } from '../dom0/stubdomctl.ts'
import { giveByHand } from '../dom0/toolstack.ts'
import { nodeBecomes, readNode } from '../dom0/xenstore.ts'

function attaching(guest: Guest, ...options: string[]) {
  return stubdomctl('--json', 'pci-attach', ...options, guest.name, EDU.bdf)
}

async function usable(guest: Guest): Promise<void> {
  assert.equal(await guest.registers(await guest.sees(EDU.identity)), EDU_REGISTERS)
  const detached = await stubdomctl('pci-detach', '--plumb', guest.name, EDU.bdf)
  assert.equal(detached.code, 0, detached.stderr)
}

/** pciback has been told of the device, and does not look. */
async function waitsForPciback({ stubdomain }: Guest): Promise<void> {
  await nodeBecomes(`/local/domain/0/backend/pci/${stubdomain}/0/num_devs`, value => value === '1' || undefined)
}

topic('a device that comes late', test => {
  test('the agent waits for it and says for what, and attaches it as soon as it is there', async () => {
    const guest = await sharedGuest()
    const ping = await stubdomctl('ping', guest.name)
    assert.equal(ping.code, 0, ping.stderr)
    await lend(EDU.bdf)
    const gate = new PcibackGate()
    await giveByHand(guest, EDU.bdf)
    const finished = attaching(guest)
    await attachComesTo(guest, 'waiting-for-pcifront')
    await gate.open(guest)
    const { code, stdout, stderr } = await finished
    assert.equal(code, 0, stdout + stderr)
    await usable(guest)
  })

  test('--plumb tells the device model of it only when pciback has it', async () => {
    const guest = await sharedGuest()
    await lend(EDU.bdf)
    const gate = new PcibackGate()
    const finished = attaching(guest, '--plumb')
    await waitsForPciback(guest)
    assert.deepEqual(await asked(guest, 'pci-attach'), [])
    await gate.open(guest)
    const { code, stdout, stderr } = await finished
    assert.equal(code, 0, stdout + stderr)
    await usable(guest)
  })

  test('the stubdomain ends meanwhile: nothing was done, and the next guest gets the device', async () => {
    const guest = await sharedGuest()
    await lend(EDU.bdf)
    const gate = new PcibackGate()
    const finished = attaching(guest, '--plumb')
    await waitsForPciback(guest)
    await succeed('xl', ['destroy', `${guest.name}-dm`])
    const { code, stdout, stderr } = await finished
    const { error } = JSON.parse(stdout) as { error: { code: string; outcome: string } }
    assert.equal(code, 1, stdout + stderr)
    assert.deepEqual({ code: error.code, outcome: error.outcome }, { code: 'domain-gone', outcome: 'not-done' })
    assert.equal(await ownerOf(EDU.bdf), 'nobody')
    assert.equal(await readNode(`/libxl/pci/${EDU.bdf.replaceAll(/[:.]/g, '-')}/domid`), undefined)
    gate.stop()

    // Never the one before, which has no device model any more: to destroy that takes libxl half a minute.
    const next = await sharedGuest()
    const attached = await attaching(next, '--plumb')
    assert.equal(attached.code, 0, attached.stdout)
    await usable(next)
  })
})
