import assert from 'node:assert/strict'
import { attachedDevices, control } from '../dom0/control.ts'
import { topic } from '../dom0/harness.ts'
import { EDU, EDU_REGISTERS, lend, type PcibackMode, pcibackMode } from '../dom0/pci.ts'
import { QmpSocket } from '../dom0/qmp-socket.ts'
import { sharedGuest } from '../dom0/shared-guest.ts'
import { run, succeed, xl } from '../dom0/shell.ts'
import { stubdomctl } from '../dom0/stubdomctl.ts'

const BOTH_MODES: PcibackMode[] = ['passthrough', 'vpci']

topic('unmodified xl beside us', test => {
  for (const mode of BOTH_MODES) {
    test(`xl pci-attach works with pciback in ${mode} mode; stubdomctl lists and detaches the device`, async () => {
      const guest = await sharedGuest()
      await pcibackMode(mode)
      await lend(EDU.bdf)
      await xl('pci-attach', guest.name, EDU.bdf)
      assert.equal(await guest.registers(await guest.sees(EDU.identity)), EDU_REGISTERS)
      assert.deepEqual(await attachedDevices(guest), [EDU.bdf])

      const stock = await run('xl', ['pci-detach', guest.name, EDU.bdf])
      assert.notEqual(
        stock.code,
        0,
        'libxl 4.17 cannot detach from a guest with a stubdomain; if it can now, say so in docs/xen.md',
      )
      const ours = await stubdomctl('pci-detach', '--plumb', guest.name, EDU.bdf)
      assert.equal(ours.code, 0, ours.stderr)
      await guest.lacks(EDU.identity)
    })
  }

  test('its QMP over vchan and our commands at the same time', async () => {
    const guest = await sharedGuest()
    const stubdomain = await control(guest)
    const monitor = () => succeed('xl', ['qemu-monitor-command', guest.name, 'info status'])
    const ours = async () => {
      for (let command = 0; command < 20; command++) await stubdomain.status().result
    }
    const [first, second] = await Promise.all([monitor().then(monitor), monitor(), ours()])
    assert.match(first, /running/)
    assert.match(second, /running/)
  })

  test('its QMP over vchan answers ten commands, one directly behind the other', async () => {
    const guest = await sharedGuest()
    for (let command = 0; command < 10; command++) {
      const args = ['qemu-monitor-command', guest.name, 'info status']
      assert.match(await succeed('xl', args, { timeoutMs: 15_000 }), /running/)
    }
  })

  test('its QMP over vchan greets a client that comes at the moment when another one leaves', async () => {
    const { domid } = await sharedGuest()
    let last = await QmpSocket.connect(domid)
    assert.match(await last.line(), /"QMP"/)
    for (let client = 0; client < 10; client++) {
      const next = await QmpSocket.connect(domid)
      last.close()
      assert.match(await next.line(), /"QMP"/)
      last = next
    }
    last.close()
  })
})
