import { readFileSync } from 'node:fs'
import { acl } from '@stubdom/xenstore'
import type { Guest } from './guest.ts'
import { succeed } from './shell.ts'
import { xenstore } from './xenstore.ts'

/** Page frames of a device's first BAR. */
export function firstBar(bdf: string): { first: number; count: number } {
  const [line = ''] = readFileSync(`/sys/bus/pci/devices/${bdf}/resource`, 'utf8').split('\n')
  const [first = 0, last = 0] = line.split(' ').map(address => Math.floor(Number(address) / 4_096))
  return { first, count: last - first + 1 }
}

/** The toolstack's part of a hot-plug, done without waiting for anybody: the device comes when pciback and pcifront are so far. */
export async function giveByHand({ domid, stubdomain }: Guest, bdf: string): Promise<void> {
  const { first, count } = firstBar(bdf)
  for (const domain of [stubdomain, domid]) {
    await succeed('stubdom-plumb', ['iomem', `${domain}`, `${first}`, `${count}`, 'allow'])
  }
  await succeed('stubdom-plumb', ['assign', `${domid}`, bdf, 'relaxed'])
  const backend = `/local/domain/0/backend/pci/${stubdomain}/0`
  const frontend = `/local/domain/${stubdomain}/device/pci/0`
  await (await xenstore()).transaction(async store => {
    const make = async (path: string, owner: number, reader: number, nodes: Record<string, string>) => {
      await store.mkdir(path)
      await store.setPermissions(path, acl(owner, [reader, 'read']))
      for (const [name, value] of Object.entries(nodes)) await store.write(`${path}/${name}`, value)
    }
    const device = { 'key-0': bdf, 'dev-0': bdf, 'opts-0': 'permissive=0', 'state-0': '1', num_devs: '1' }
    const end = { frontend, 'frontend-id': `${stubdomain}`, online: '1', state: '1' }
    await make(backend, 0, stubdomain, { ...end, ...device })
    await make(frontend, stubdomain, 0, { backend, 'backend-id': '0', state: '1' })
  })
}
