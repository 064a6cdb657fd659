import assert from 'node:assert/strict'
import { attachComesTo } from '../dom0/control.ts'
import { onTestEnd, topic } from '../dom0/harness.ts'
import { endMeddledGuest, meddle, meddledGuest } from '../dom0/meddled-guest.ts'
import { EDU, EDU_REGISTERS, lend } from '../dom0/pci.ts'
import { run } from '../dom0/shell.ts'
import { stubdomctl } from '../dom0/stubdomctl.ts'

topic('inside the stubdomain', test => {
  test('sysfs shows a device late: the agent says that it waits for it, and attaches it as soon as it is there', async () => {
    const guest = await meddledGuest()
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

  test('the agent is killed: the stubdomain ends with it, and its command at once, the outcome unknown', async () => {
    const guest = await meddledGuest()
    onTestEnd(endMeddledGuest)
    assert.equal((await stubdomctl('ping', guest.name)).code, 0)
    await lend(EDU.bdf)
    const attached = await stubdomctl('pci-attach', '--plumb', guest.name, EDU.bdf)
    assert.equal(attached.code, 0, attached.stderr)
    await guest.tell('eject refuse')
    const finished = stubdomctl('--json', '--timeout', '120', 'pci-detach', guest.name, EDU.bdf)
    await guest.refusesNow()
    // It does not come to say that it has.
    const killed = meddle(guest, 'kill-agent').catch(() => undefined)
    const { code, stdout, stderr } = await finished
    assert.equal(code, 3, stdout + stderr)
    const { error } = JSON.parse(stdout) as { error: { code: string; outcome: string } }
    assert.deepEqual({ code: error.code, outcome: error.outcome }, { code: 'domain-gone', outcome: 'unknown' })
    await killed
    assert.notEqual((await run('xl', ['domid', `${guest.name}-dm`])).code, 0)
  })
})
