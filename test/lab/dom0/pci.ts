import { readFileSync } from 'node:fs'
import { onTestEnd } from './harness.ts'
import { run, succeed, xl } from './shell.ts'

/** The lab's devices by what the guest sees of them: device and vendor in hexadecimal. */
export const EDU = { bdf: '0000:00:06.0', identity: '11e81234' }
export const SECOND_EDU = { bdf: '0000:00:08.0', identity: '11e81234' }
export const TESTDEV = { bdf: '0000:00:07.0', identity: '51b36' }
export const E1000E = { bdf: '0000:00:05.0', identity: '10d38086' }

/** edu's first register is its version, the second holds the inverse of what was written (docs/specs/edu.txt of QEMU). */
export const EDU_REGISTERS = '10000ed edcba987'

/** `passthrough`: a device has the machine's address in the stubdomain, too. `vpci`, the module's default: pciback gives it another one. */
export type PcibackMode = 'passthrough' | 'vpci'

const PCIBACK = '/sys/module/xen_pciback/parameters/passthrough'

/** Loads pciback in the other mode when it must be; no device may be in its hands. */
export async function pcibackMode(mode: PcibackMode): Promise<void> {
  const wanted = mode === 'passthrough' ? 'Y' : 'N'
  if (readFileSync(PCIBACK, 'utf8').trim() === wanted) return
  await succeed('rmmod', ['xen_pciback'])
  await succeed('insmod', ['/lib/modules/xen-pciback.ko', `passthrough=${wanted === 'Y' ? 1 : 0}`])
}

/** Takes a device from dom0 for guests. */
export async function makeAssignable(bdf: string): Promise<void> {
  await xl('pci-assignable-add', bdf)
}

/** {@link makeAssignable} until the test has ended. */
export async function lend(...bdfs: string[]): Promise<void> {
  for (const bdf of bdfs) {
    await makeAssignable(bdf)
    onTestEnd(async () => {
      await run('xl', ['pci-assignable-remove', bdf])
    })
  }
}
