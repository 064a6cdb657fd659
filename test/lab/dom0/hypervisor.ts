import { xl } from './shell.ts'

/** Whom Xen has assigned a device to: `d3`, or `nobody` when it is quarantined. Source: Xen, xen/drivers/passthrough/pci.c (debug key Q). */
export async function ownerOf(bdf: string): Promise<string> {
  const said = await askDebugger('Q')
  const owners = [...said.matchAll(new RegExp(`${bdf.replace('.', '\\.')} - (\\S+)`, 'g'))]
  const owner = owners.at(-1)?.[1]
  if (owner === undefined) throw new Error(`Xen does not know ${bdf}: ${said.slice(-1_000)}`)
  return owner.startsWith('DomIO') ? 'nobody' : owner
}

/** The interrupts, memory and ports that a domain may use, one kind a line. Source: Xen, xen/common/rangeset.c (debug key q). */
export async function permissionsOf(domid: number): Promise<string[]> {
  const said = await askDebugger('q')
  const title = `Rangesets belonging to domain ${domid}:\n`
  const at = said.lastIndexOf(title)
  if (at < 0) throw new Error(`Xen does not tell what domain ${domid} may use: ${said.slice(-1_000)}`)
  const lines = said.slice(at + title.length).split('\n')
  const end = lines.findIndex(line => !/\{.*\}/.test(line))
  return lines.slice(0, end).map(line => line.replace(/^\(XEN\)\s+/, '').replace(/\s+/g, ' '))
}

/** Xen's console after a debug key; what came before stands there, too. */
async function askDebugger(key: string): Promise<string> {
  await xl('debug-keys', key)
  return await xl('dmesg')
}
