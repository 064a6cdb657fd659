import assert from 'node:assert/strict'
import { attachedDevices } from '../dom0/control.ts'
import { onTestEnd, topic } from '../dom0/harness.ts'
import { E1000E, EDU, EDU_REGISTERS, lend, type PcibackMode, pcibackMode, SECOND_EDU, TESTDEV } from '../dom0/pci.ts'
import { sharedGuest } from '../dom0/shared-guest.ts'
import { stubdomctl, stubdomctlJson } from '../dom0/stubdomctl.ts'

const BOTH_MODES: PcibackMode[] = ['passthrough', 'vpci']

for (const mode of BOTH_MODES) {
  topic(`hot-plug, pciback in ${mode} mode`, test => {
    test('the guest reads the registers of an attached device, gives it up when asked, and gets it again', async () => {
      const guest = await sharedGuest()
      await pcibackMode(mode)
      await lend(EDU.bdf)
      for (const round of ['first', 'second']) {
        const attached = await stubdomctl('pci-attach', '--plumb', guest.name, EDU.bdf)
        assert.equal(attached.code, 0, `${round} time: ${attached.stderr}`)
        assert.equal(await guest.registers(await guest.sees(EDU.identity)), EDU_REGISTERS)
        const detached = await stubdomctl('pci-detach', '--plumb', guest.name, EDU.bdf)
        assert.equal(detached.code, 0, `${round} time: ${detached.stderr}`)
        await guest.lacks(EDU.identity)
      }
    })

    test('an attached device reaches the memory of the guest, and interrupts it', async () => {
      const guest = await sharedGuest()
      await pcibackMode(mode)
      await lend(EDU.bdf)
      const attached = await stubdomctl('pci-attach', '--plumb', guest.name, EDU.bdf)
      assert.equal(attached.code, 0, attached.stderr)
      const slot = (await guest.sees(EDU.identity)).toString(16)
      assert.equal(await guest.tell(`dma ${slot}`), '256', 'words fetched from its memory and brought back')
      assert.equal(await guest.tell(`interrupt ${slot}`), '3')
      const detached = await stubdomctl('pci-detach', '--plumb', guest.name, EDU.bdf)
      assert.equal(detached.code, 0, detached.stderr)
    })

    // In vpci mode this QEMU maps them for another device (docs/limits.md).
    if (mode === 'passthrough') {
      test('an attached device interrupts the guest by messages, MSI as well as MSI-X', async () => {
        const guest = await sharedGuest()
        await pcibackMode(mode)
        for (const { bdf, identity } of [EDU, E1000E]) {
          await lend(bdf)
          const attached = await stubdomctl('pci-attach', '--plumb', guest.name, bdf)
          assert.equal(attached.code, 0, attached.stderr)
          const slot = (await guest.sees(identity)).toString(16)
          assert.equal(await guest.tell(`message ${slot}`), '3', identity)
          const detached = await stubdomctl('pci-detach', '--plumb', guest.name, bdf)
          assert.equal(detached.code, 0, detached.stderr)
        }
      })
    }

    test('two devices at once, and a third: all are listed, and the guest sees them', async () => {
      const guest = await sharedGuest()
      await pcibackMode(mode)
      const devices = [EDU, TESTDEV, E1000E]
      await lend(...devices.map(({ bdf }) => bdf))
      const attach = ({ bdf }: { bdf: string }) => stubdomctl('pci-attach', '--plumb', guest.name, bdf)
      const detach = async ({ bdf }: { bdf: string }) => {
        const { code, stderr } = await stubdomctl('pci-detach', '--plumb', guest.name, bdf)
        assert.equal(code, 0, stderr)
      }
      const [edu, testdev] = await Promise.all([attach(EDU), attach(TESTDEV)])
      assert.equal(edu?.code, 0, edu?.stderr)
      assert.equal(testdev?.code, 0, testdev?.stderr)
      if (mode === 'vpci') {
        // pciback gives the third an address at which this QEMU takes nothing but Intel graphics (docs/limits.md).
        const third = await attach(E1000E)
        assert.equal(third.code, 1, third.stdout)
        assert.match(third.stderr, /nothing but Intel graphics/)
        await detach(TESTDEV)
        devices.splice(devices.indexOf(TESTDEV), 1)
      }
      const e1000e = await attach(E1000E)
      assert.equal(e1000e.code, 0, e1000e.stderr)
      assert.deepEqual(await attachedDevices(guest), devices.map(({ bdf }) => bdf).sort())
      for (const { identity } of devices) await guest.sees(identity)
      assert.equal(await guest.registers(await guest.sees(EDU.identity)), EDU_REGISTERS)
      for (const device of devices) await detach(device)
      assert.deepEqual(await attachedDevices(guest), [])
    })
  })
}

topic('a guest that does not give a device up', test => {
  test('is not called done: the outcome is unknown until the guest ejects the device after all', async () => {
    const guest = await sharedGuest()
    await lend(EDU.bdf)
    assert.equal((await stubdomctl('pci-attach', '--plumb', guest.name, EDU.bdf)).code, 0)
    await guest.sees(EDU.identity)
    await guest.tell('eject refuse')
    onTestEnd(async () => {
      await guest.tell('eject agree')
    })

    const { code, document } = await stubdomctlJson('--timeout', '3', 'pci-detach', guest.name, EDU.bdf)
    assert.equal(code, 3)
    const { error } = document as { error: { id: string; outcome: string } }
    assert.equal(error.outcome, 'unknown')
    await guest.refusesNow()
    assert.deepEqual(await attachedDevices(guest), [EDU.bdf])

    await guest.tell('eject agree')
    await guest.lacks(EDU.identity)
    const picked = await stubdomctl('--id', error.id, 'pci-detach', guest.name, EDU.bdf)
    assert.equal(picked.code, 0, picked.stderr)
    // QEMU has it no more; the host's half was left to us.
    const rest = await stubdomctl('pci-detach', '--plumb', guest.name, EDU.bdf)
    assert.equal(rest.code, 0, rest.stderr)
  })

  test('gives it up when the command is repeated', async () => {
    const guest = await sharedGuest()
    await lend(SECOND_EDU.bdf)
    assert.equal((await stubdomctl('pci-attach', '--plumb', guest.name, SECOND_EDU.bdf)).code, 0)
    await guest.sees(SECOND_EDU.identity)
    await guest.tell('eject refuse')
    onTestEnd(async () => {
      await guest.tell('eject agree')
    })
    assert.equal((await stubdomctl('--timeout', '3', 'pci-detach', '--plumb', guest.name, SECOND_EDU.bdf)).code, 3)
    await guest.tell('eject agree')
    const repeated = await stubdomctl('pci-detach', '--plumb', guest.name, SECOND_EDU.bdf)
    assert.equal(repeated.code, 0, repeated.stderr)
    await guest.lacks(SECOND_EDU.identity)
  })
})
