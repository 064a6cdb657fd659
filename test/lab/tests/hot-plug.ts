import assert from 'node:assert/strict'
import { topic } from '../dom0/harness.ts'
import { EDU, EDU_REGISTERS, lend, type PcibackMode, pcibackMode } from '../dom0/pci.ts'
import { sharedGuest } from '../dom0/shared-guest.ts'
import { stubdomctl } from '../dom0/shell.ts'

const BOTH_MODES: PcibackMode[] = ['passthrough', 'vpci']

for (const mode of BOTH_MODES) {
  topic(`hot-plug with pciback in ${mode} mode`, test => {
    test(
      'the guest reads the registers of an attached device, gives it up when asked, and gets it again',
      async () => {
        const guest = await sharedGuest()
        await pcibackMode(mode)
        await lend(EDU.bdf)
        for (const round of ['first', 'second']) {
          const attached = await stubdomctl('pci-attach', '--plumb', guest.name, EDU.bdf)
          assert.equal(attached.code, 0, `${round} time: ${attached.stderr}`)
          const slot = await guest.sees(EDU.identity)
          assert.equal(await guest.registers(slot), EDU_REGISTERS)
          const detached = await stubdomctl('pci-detach', '--plumb', guest.name, EDU.bdf)
          assert.equal(detached.code, 0, `${round} time: ${detached.stderr}`)
          await guest.lacks(EDU.identity)
        }
      },
      { timeoutMs: 180_000 },
    )
  })
}
