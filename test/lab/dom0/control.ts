import { connect, type Dom0, type Stubdomain } from '@stubdom/dom0-agent'
import type { Guest } from './guest.ts'
import { eventually } from './harness.ts'
import { nodeBecomes, xenstore } from './xenstore.ts'

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

/** Ids of the commands of one kind that the agent has been given, and that stand there. */
export async function asked({ stubdomain }: Guest, command: 'pci-attach' | 'pci-detach'): Promise<string[]> {
  const requests = `/local/domain/${stubdomain}/dm-control/dom0/request/${command}`
  const xs = await xenstore()
  return (await xs.exists(requests)) ? await xs.list(requests) : []
}

/** Resolves when the agent says that the attach which it has been given, or is given soon, is at this stage. */
export async function attachComesTo(guest: Guest, stage: string): Promise<void> {
  const [id] = await eventually('the agent is asked', async () => {
    const ids = await asked(guest, 'pci-attach')
    return ids.length > 0 && ids
  })
  const answer = `/local/domain/${guest.stubdomain}/dm-control/stubdom/response/pci-attach/${id}`
  await nodeBecomes(answer, value => value?.includes(`"stage":"${stage}"`) || undefined)
}
