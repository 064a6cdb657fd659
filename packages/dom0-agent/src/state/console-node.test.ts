import { type Acl, acl } from '@stubdom/xenstore'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { STUBDOMAIN, World } from '../testing/world.ts'
import { consolePath } from './console-node.ts'

const DIRECTORY = `/local/domain/${STUBDOMAIN}/device/console/1`

let world: World
beforeEach(async () => {
  world = await World.start()
  await world.dom0.mkdir(DIRECTORY)
  await world.dom0.setPermissions(DIRECTORY, acl(STUBDOMAIN, [0, 'read']))
})
afterEach(() => world.stop())

async function layOut(value: string, permissions: Acl = acl(0, [STUBDOMAIN, 'read'])): Promise<void> {
  await world.dom0.write(`${DIRECTORY}/output`, value)
  await world.dom0.setPermissions(`${DIRECTORY}/output`, permissions)
}

test.each([
  ['file:/var/lib/xen/qemu-save.6', '/var/lib/xen/qemu-save.6'],
  ['pipe:/var/lib/xen/qemu-resume.6', '/var/lib/xen/qemu-resume.6'],
])('%s is where the backend has it', async (value, path) => {
  await layOut(value)
  expect(await consolePath(world.dom0, STUBDOMAIN, 1)).toBe(path)
})

test.each<[name: string, value: string, permissions: Acl | undefined, reason: RegExp]>([
  ['a node of the stubdomain’s', 'file:/etc/shadow', acl(STUBDOMAIN, [0, 'read']), /not dom0’s alone to write/],
  ['a node that the stubdomain may write', 'file:/x', acl(0, [STUBDOMAIN, 'both']), /not dom0’s alone to write/],
  ['a node that everybody may write', 'file:/x', { owner: 0, others: 'write', grants: [] }, /not dom0’s alone/],
  ['a terminal', 'pty', undefined, /names no file or pipe/],
  ['a path that depends on where one stands', 'file:state', undefined, /names no file or pipe/],
])('%s is not believed', async (_name, value, permissions, reason) => {
  await layOut(value, permissions)
  await expect(consolePath(world.dom0, STUBDOMAIN, 1)).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringMatching(reason),
  })
})

test('a stubdomain that puts its own node in the place of dom0’s is not believed', async () => {
  await layOut('file:/var/lib/xen/qemu-save.6')
  const inside = await world.inDomain(STUBDOMAIN)
  await world.dom0.rm(`${DIRECTORY}/output`)
  await inside.write(`device/console/1/output`, 'file:/etc/shadow')
  await expect(consolePath(world.dom0, STUBDOMAIN, 1)).rejects.toThrow(/not dom0’s alone to write/)
})
