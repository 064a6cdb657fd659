import { connect, type Dom0, type Stubdomain } from '@stubdom/dom0-agent'
import type { Guest } from './guest.ts'

let dom0: Promise<Dom0> | undefined

/** The guest's stubdomain in the project's library: for what is not about the CLI, which takes a second to start here. */
export async function control(guest: Guest): Promise<Stubdomain> {
  dom0 ??= connect()
  return await (await dom0).stubdomain(String(guest.domid))
}

/** Machine addresses of the devices that QEMU has from outside, whoever attached them. */
export async function attachedDevices(guest: Guest): Promise<string[]> {
  const { devices } = await (await control(guest)).pciList().result
  return devices.map(({ bdf }) => bdf).sort()
}
