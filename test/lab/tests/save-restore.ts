import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { Guest } from '../dom0/guest.ts'
import { eventually, onTestEnd, topic } from '../dom0/harness.ts'
import { nextName, share, sharedGuest } from '../dom0/shared-guest.ts'
import { type Finished, run, start, succeed, xl } from '../dom0/shell.ts'
import { stubdomctl } from '../dom0/stubdomctl.ts'

const LONG = { timeoutMs: 120_000 }

topic('saving and restoring', test => {
  test(
    'unmodified xl save and xl restore, twice in a row; commands work after each',
    async () => {
      const { name } = await sharedGuest()
      for (const round of [1, 2]) {
        const saved = `/tmp/${name}-${round}.save`
        await succeed('xl', ['save', name, saved], LONG)
        await succeed('xl', ['restore', saved], LONG)
        const guest = await Guest.find(name)
        assert.equal(await guest.tell('read name'), name)
        const ping = await stubdomctl('--timeout', '20', 'ping', name)
        assert.equal(ping.code, 0, ping.stderr)
        share(guest)
        await run('rm', [saved])
      }
    },
    { timeoutMs: 300_000 },
  )

  test('an xl save that fails leaves the guest running, and commands working', async () => {
    const guest = await sharedGuest()
    const failed = await run('xl', ['save', guest.name, '/dev/full'], LONG)
    assert.notEqual(failed.code, 0)
    assert.equal(await guest.tell('read name'), guest.name)
    const ping = await stubdomctl('ping', guest.name)
    assert.equal(ping.code, 0, ping.stderr)
  })

  for (const channel of ['xenstore', 'console']) {
    test(`save-state over the ${channel} channel brings the whole state, and the guest goes on`, async () => {
      const guest = await sharedGuest()
      const file = `/tmp/state-${channel}`
      const saved = await stubdomctl('save-state', '-c', '--channel', channel, guest.name, file)
      assert.equal(saved.code, 0, saved.stderr)
      // A migration stream begins with "QEVM" (migration/savevm.c of QEMU).
      assert.equal(readFileSync(file).toString('latin1', 0, 4), 'QEVM')
      assert.equal(await guest.tell('read name'), guest.name)
      assert.match(await xl('qemu-monitor-command', guest.name, 'info status'), /running/)
    })
  }

  test('a save-state that has no room leaves the old file as it was, and the guest running', async () => {
    const guest = await sharedGuest()
    await succeed('mkdir', ['-p', '/tmp/small'])
    await succeed('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', '/tmp/small'])
    onTestEnd(async () => {
      await run('umount', ['/tmp/small'])
    })
    writeFileSync('/tmp/small/state', 'the old one')
    const saved = await stubdomctl('save-state', '-c', '--channel', 'xenstore', guest.name, '/tmp/small/state')
    assert.equal(saved.code, 1, saved.stdout)
    assert.equal(readFileSync('/tmp/small/state', 'utf8'), 'the old one')
    assert.match(await xl('qemu-monitor-command', guest.name, 'info status'), /running/)
    assert.equal(await guest.tell('read name'), guest.name)
  })

  test(
    'restore-state gives a saved state to a device model that waits for one, and the guest comes up',
    async () => {
      const guest = await sharedGuest()
      const file = '/tmp/state-to-restore'
      assert.equal((await stubdomctl('save-state', '-c', '--channel', 'xenstore', guest.name, file)).code, 0)
      assert.ok(statSync(file).size > 0)
      const name = nextName()
      const config = Guest.writeConfig({ name, config: ['device_model_args_hvm=["-incoming", "defer"]'] })
      const creating = start('xl', ['create', config], LONG)
      const restored = await onceThereIsAnAgent(() =>
        stubdomctl('--timeout', '20', 'restore-state', '--channel', 'xenstore', name, file),
      )
      assert.equal(restored.code, 0, restored.stderr)
      const { code, stderr } = await creating.finished
      assert.equal(code, 0, stderr)
      const second = await Guest.find(name)
      assert.equal(await second.tell('read name'), name)
      // When it reboots, nothing is restored any more.
      await xl('config-update', name, Guest.writeConfig({ name }))
      share(second)
    },
    { timeoutMs: 180_000 },
  )
})

/** Exit code 4 says that nobody is there yet, and that nothing was done; 1, as long as xl has not made the domain. */
async function onceThereIsAnAgent(command: () => Promise<Finished>): Promise<Finished> {
  return await eventually(
    'the device model has an agent',
    async () => {
      const result = await command()
      return result.code !== 4 && !/no domain|has no stubdomain/.test(result.stderr) && result
    },
    { timeoutMs: 60_000, everyMs: 500 },
  )
}
