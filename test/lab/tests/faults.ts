import assert from 'node:assert/strict'
import { asked, attachedDevices } from '../dom0/control.ts'
import { Guest } from '../dom0/guest.ts'
import { eventually, topic } from '../dom0/harness.ts'
import { ownerOf } from '../dom0/hypervisor.ts'
import { EDU, EDU_REGISTERS, lend } from '../dom0/pci.ts'
import { end, share, sharedGuest } from '../dom0/shared-guest.ts'
import { run, start, succeed, xl } from '../dom0/shell.ts'
import { stubdomctl } from '../dom0/stubdomctl.ts'
import { nodeBecomes, readNode, xenstore } from '../dom0/xenstore.ts'

/** Has a device detached which the guest does not give up. @returns what `detach` does, once the command has been accepted and QEMU has asked the guest */
async function pendingDetach<T>(guest: Guest, detach: (args: string[]) => T): Promise<T> {
  await lend(EDU.bdf)
  const attached = await stubdomctl('pci-attach', '--plumb', guest.name, EDU.bdf)
  assert.equal(attached.code, 0, attached.stderr)
  await guest.sees(EDU.identity)
  await guest.tell('eject refuse')
  const running = detach(['--json', '--timeout', '120', 'pci-detach', guest.name, EDU.bdf])
  await guest.refusesNow()
  return running
}

/** How dom0, the guest or the stubdomain may end under a command. */
const ENDS: [string, (guest: Guest) => Promise<unknown>][] = [
  ['the guest crashes', guest => guest.tellLast('crash')],
  ['the guest reboots', guest => guest.tellLast('reboot')],
  ['the guest is destroyed', guest => succeed('xl', ['destroy', guest.name])],
  ['the stubdomain is destroyed', guest => succeed('xl', ['destroy', `${guest.name}-dm`])],
]

topic('ends in the middle of a command', test => {
  for (const [what, bringAbout] of ENDS) {
    test(
      `${what}: the command ends at once, its outcome unknown`,
      async () => {
        const guest = await sharedGuest()
        const detaching = await pendingDetach(guest, args => ({ finished: stubdomctl(...args) }))
        await bringAbout(guest)
        const { code, stdout, stderr } = await detaching.finished
        assert.equal(code, 3, stdout + stderr)
        const { error } = JSON.parse(stdout) as { error: { code: string; outcome: string } }
        assert.deepEqual({ code: error.code, outcome: error.outcome }, { code: 'domain-gone', outcome: 'unknown' })
        if (what === 'the guest reboots') share(await rebooted(guest))
        else await end(guest)
      },
      { timeoutMs: 120_000 },
    )
  }
})

/** libxl makes a new pair of domains; the device that was hot-plugged is not part of it, nobody pretends so, and it can be attached anew. */
async function rebooted(before: Guest): Promise<Guest> {
  const after = await eventually(
    'the guest is there again',
    async () => {
      const found = await Guest.find(before.name).catch(() => undefined)
      return found && found.domid !== before.domid ? found : undefined
    },
    { timeoutMs: 60_000, everyMs: 250 },
  )
  await after.up()
  assert.notEqual(after.stubdomain, before.stubdomain)
  assert.equal((await stubdomctl('--timeout', '20', 'ping', after.name)).code, 0)
  assert.deepEqual(await attachedDevices(after), [])
  for (const name of [after.name, `${after.name}-dm`]) assert.doesNotMatch(await xl('pci-list', name), /06\.0/)
  const record = `/libxl/pci/${EDU.bdf.replaceAll(/[:.]/g, '-')}/domid`
  assert.equal(await readNode(record), undefined)
  assert.equal(await ownerOf(EDU.bdf), 'nobody')
  // As another toolstack might leave it: a domain that is gone has no devices.
  await (await xenstore()).write(record, String(before.domid))

  const attached = await stubdomctl('pci-attach', '--plumb', after.name, EDU.bdf)
  assert.equal(attached.code, 0, attached.stderr)
  assert.equal(await after.registers(await after.sees(EDU.identity)), EDU_REGISTERS)
  const detached = await stubdomctl('pci-detach', '--plumb', after.name, EDU.bdf)
  assert.equal(detached.code, 0, detached.stderr)
  return after
}

topic('faults', test => {
  test('a command whose CLI was killed goes on, and is picked up by its id', async () => {
    const guest = await sharedGuest()
    // Earlier ones whose outcome nobody has learned stand there, too.
    const before = await asked(guest, 'pci-detach')
    const { pid, finished } = await pendingDetach(guest, args => start('stubdomctl', args))
    process.kill(pid, 'SIGKILL')
    await finished
    const id = (await asked(guest, 'pci-detach')).find(name => !before.includes(name)) ?? ''
    await guest.tell('eject agree')
    await guest.lacks(EDU.identity)
    const picked = await stubdomctl('--id', id, 'pci-detach', guest.name, EDU.bdf)
    assert.equal(picked.code, 0, picked.stderr)
    assert.equal((await stubdomctl('pci-detach', '--plumb', guest.name, EDU.bdf)).code, 0)
  })

  test('a state is saved while a device is attached: both succeed', async () => {
    const guest = await sharedGuest()
    await lend(EDU.bdf)
    const [attached, saved] = await Promise.all([
      stubdomctl('pci-attach', '--plumb', guest.name, EDU.bdf),
      stubdomctl('save-state', '-c', '--channel', 'xenstore', guest.name, '/tmp/state-while-attaching'),
    ])
    assert.equal(attached.code, 0, attached.stderr)
    assert.equal(saved.code, 0, saved.stderr)
    assert.equal(await guest.registers(await guest.sees(EDU.identity)), EDU_REGISTERS)
    assert.equal((await stubdomctl('pci-detach', '--plumb', guest.name, EDU.bdf)).code, 0)
  })
})

topic('the end of QEMU', test => {
  test('the agent says so at once, and how', async () => {
    const guest = await sharedGuest()
    assert.equal((await stubdomctl('ping', guest.name)).code, 0)
    await run('xl', ['qemu-monitor-command', guest.name, 'quit'])
    const status = `/local/domain/${guest.stubdomain}/dm-control/stubdom/status`
    const text = await nodeBecomes(status, value => (value?.includes('qemu-exited') ? value : undefined))
    assert.match(text, /exit code 0/)
    const { code, stdout, stderr } = await stubdomctl('status', guest.name)
    assert.match(stdout + stderr, /qemu-exited|QEMU ended/, `exit code ${code}`)
    const unanswered = await run('xl', ['qemu-monitor-command', guest.name, 'info status'], { timeoutMs: 30_000 })
    assert.notEqual(unanswered.code, 0, 'xl, too, is told that nobody answers')
    await end(guest)
  })
})
