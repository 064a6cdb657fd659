import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { control } from '../dom0/control.ts'
import type { Guest } from '../dom0/guest.ts'
import { guestInside } from '../dom0/guest-inside.ts'
import { eventually, onTestEnd, topic } from '../dom0/harness.ts'
import { EDU, EDU_REGISTERS, lend, SECOND_EDU } from '../dom0/pci.ts'
import { sharedGuest } from '../dom0/shared-guest.ts'
import { stubdomctl } from '../dom0/stubdomctl.ts'
import { xenstore } from '../dom0/xenstore.ts'

topic('two guests with stubdomains', test => {
  test('each has its own device and its own commands', async () => {
    const first = await sharedGuest()
    const second = await sharedGuest(first)
    await lend(EDU.bdf, SECOND_EDU.bdf)
    const devices: [Guest, typeof EDU][] = [
      [first, EDU],
      [second, SECOND_EDU],
    ]
    await Promise.all(
      devices.map(async ([guest, { bdf, identity }]) => {
        const { code, stderr } = await stubdomctl('pci-attach', '--plumb', guest.name, bdf)
        assert.equal(code, 0, stderr)
        assert.equal(await guest.registers(await guest.sees(identity)), EDU_REGISTERS)
      }),
    )
    for (const [guest, { bdf }] of devices) {
      const { devices: listed } = await (await control(guest)).pciList().result
      assert.deepEqual(
        listed.map(device => device.bdf),
        [bdf],
      )
      assert.equal((await stubdomctl('pci-detach', '--plumb', guest.name, bdf)).code, 0)
    }
  })

  test(
    'one whose stubdomain has been broken into reaches nothing of the other, and does not hinder it',
    async () => {
      const good = await sharedGuest()
      const bad = await guestInside('hostile')
      onTestEnd(() => bad.destroy())
      await stubdomctl('--timeout', '5', 'ping', bad.name)
      await (await xenstore()).write(`/local/domain/${bad.stubdomain}/data/other`, String(good.stubdomain))
      const said = () => readFileSync(`/var/log/xen/qemu-dm-${bad.name}.log`, 'utf8').match(/(?<=HOSTILE ).*/g) ?? []
      await eventually('the flood has begun', async () => said().some(line => line.startsWith('flooding')))
      assert.deepEqual(
        said().filter(line => !/: EACCES\r?$|^flooding/.test(line)),
        [],
      )

      await lend(EDU.bdf)
      const attached = await stubdomctl('pci-attach', '--plumb', good.name, EDU.bdf)
      assert.equal(attached.code, 0, attached.stderr)
      assert.equal(await good.registers(await good.sees(EDU.identity)), EDU_REGISTERS)
      const detached = await stubdomctl('pci-detach', '--plumb', good.name, EDU.bdf)
      assert.equal(detached.code, 0, detached.stderr)
      const list = await stubdomctl('list')
      assert.equal(list.code, 0, list.stderr)
      assert.match(list.stdout, new RegExp(`${good.name}\\s+${good.domid}`))
      assert.ok(!list.stdout.includes('\u001b'))
    },
    { timeoutMs: 120_000 },
  )
})
