import assert from 'node:assert/strict'
import { attachComesTo } from '../dom0/control.ts'
import { guestInside, meddle } from '../dom0/guest-inside.ts'
import { eventually, onTestEnd, topic } from '../dom0/harness.ts'
import { EDU, EDU_REGISTERS, lend } from '../dom0/pci.ts'
import { xl } from '../dom0/shell.ts'
import { stubdomctl } from '../dom0/stubdomctl.ts'

/** A line of `xl list`. */
const SHUT_DOWN = /^meddler-dm\s.*---s--/m

topic('inside the stubdomain', test => {
  test('sysfs shows a device late: the agent says that it waits for it, and attaches it as soon as it is there', async () => {
    const guest = await guestInside('meddler')
    assert.equal((await stubdomctl('ping', guest.name)).code, 0)
    await lend(EDU.bdf)
    await meddle(guest, 'hide-sysfs')
    const finished = stubdomctl('--json', 'pci-attach', '--plumb', guest.name, EDU.bdf)
    await attachComesTo(guest, 'waiting-for-sysfs')
    await meddle(guest, 'show-sysfs')
    const { code, stdout, stderr } = await finished
    assert.equal(code, 0, stdout + stderr)
    assert.equal(await guest.registers(await guest.sees(EDU.identity)), EDU_REGISTERS)
    const detached = await stubdomctl('pci-detach', '--plumb', guest.name, EDU.bdf)
    assert.equal(detached.code, 0, detached.stderr)
  })

  test('the agent is killed: the stubdomain shuts down with it, and its command ends in time, the outcome unknown', async () => {
    const guest = await guestInside('meddler')
    onTestEnd(() => guest.destroy())
    assert.equal((await stubdomctl('ping', guest.name)).code, 0)
    await lend(EDU.bdf)
    const attached = await stubdomctl('pci-attach', '--plumb', guest.name, EDU.bdf)
    assert.equal(attached.code, 0, attached.stderr)
    await guest.tell('eject refuse')
    const finished = stubdomctl('--json', '--timeout', '5', 'pci-detach', guest.name, EDU.bdf)
    await guest.refusesNow()
    await meddle(guest, 'kill-agent')
    // libxl leaves a stubdomain that has shut down where it is, so that to dom0 it is one that does not answer.
    await eventually('the stubdomain has shut down', async () => SHUT_DOWN.test(await xl('list')), { everyMs: 500 })
    const { code, stdout, stderr } = await finished
    assert.equal(code, 3, stdout + stderr)
    const { error } = JSON.parse(stdout) as { error: { outcome: string } }
    assert.equal(error.outcome, 'unknown')
  })
})
