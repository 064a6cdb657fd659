import { encodeJson, Layout } from '@stubdom/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureControlDirectory } from '../control/directory.ts'
import { HELLO } from '../testing/agent.ts'
import { CONTROL, STUBDOMAIN, World } from '../testing/world.ts'
import { listStubdomains } from './listing.ts'

let world: World
beforeEach(async () => {
  world = await World.start()
})
afterEach(() => world.stop())

const status = (stage: string) => ({ v: 1, agent: '0.1.0', epoch: 'epoch00001', stage })
const NO_MORE = 'hello: there is no "more"'
const NO_STATUS = expect.stringMatching(/^status: /)
const OTHER_GUEST = 'it says that its guest is domain 5, but it is domain 6'
const SAID = { agent: '0.1.0', epoch: 'epoch00001' }

test.each<[name: string, hello: object | undefined, says: object | undefined, expected: object]>([
  ['nothing', undefined, undefined, { state: 'no-agent' }],
  ['a hello', HELLO, status('ready'), { state: 'ready', ...SAID }],
  ['a status', undefined, status('qemu-gone'), { state: 'qemu-gone', ...SAID }],
  ['a status before its hello', undefined, status('ready'), { state: 'starting', ...SAID }],
  [
    'a hello of a later version',
    { v: [2, 2], epoch: 'epoch00001', agent: '9\u0007' },
    undefined,
    { state: 'incompatible', agent: '9?' },
  ],
  ['a hello that cannot be read', { ...HELLO, more: 1 }, undefined, { state: 'misbehaving', misbehaves: NO_MORE }],
  ['a status that cannot be read', undefined, { stage: 1 }, { state: 'misbehaving', misbehaves: NO_STATUS }],
  ['a hello of another guest', { ...HELLO, target: 5 }, undefined, { state: 'misbehaving', misbehaves: OTHER_GUEST }],
])('%s', async (_name, hello, says, expected) => {
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
  const agent = await world.inDomain(STUBDOMAIN)
  if (hello) await agent.write(`dm-control/${Layout.hello}`, encodeJson(hello))
  if (says) await agent.write(`dm-control/${Layout.status}`, encodeJson(says))
  expect(await listStubdomains(world.dom0)).toEqual([
    expect.objectContaining({ name: 'hvm1', domid: 6, stubdomainDomid: 7, ...expected }),
  ])
})

test('looking makes no control directory', async () => {
  await listStubdomains(world.dom0)
  await expect(world.dom0.exists(CONTROL)).resolves.toBe(false)
})
