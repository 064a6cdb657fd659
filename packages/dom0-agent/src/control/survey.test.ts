import { encodeJson, idGenerator, Layout } from '@stubdom/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HELLO } from '../testing/agent.ts'
import { CONTROL, GUEST, STUBDOMAIN, World } from '../testing/world.ts'
import { ensureControlDirectory } from './directory.ts'
import { surveyControlDirectory } from './survey.ts'

const PAIR = { guest: GUEST, stubdomain: STUBDOMAIN }
const newId = idGenerator(() => Date.now() - 5_000, Math.random)

let world: World
beforeEach(async () => {
  world = await World.start()
})
afterEach(() => world.stop())

test('says who wrote what, how old it is and which state it says', async () => {
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
  const [id, continued] = [newId(), newId()]
  const agent = await world.inDomain(STUBDOMAIN)
  const digest = '0123456789abcdef'
  const request = { v: 1, epoch: HELLO.epoch, deadlineMs: 5_000, args: { bdf: '0000:03:00.0' } }
  await world.dom0.write(`${CONTROL}/${Layout.request('pci-attach', id)}`, encodeJson(request))
  const own: [path: string, message: object][] = [
    [Layout.hello, HELLO],
    [Layout.status, { v: 1, agent: '0.1.0', epoch: HELLO.epoch, stage: 'ready' }],
    [Layout.refused, { v: 1, refused: [] }],
    [Layout.response('pci-attach', id), { v: 1, digest, state: 'running', stage: 'sysfs', overdue: true }],
    [Layout.event(3), { v: 1, seq: 35, event: 'DEVICE_DELETED', device: 'pci-pt-1' }],
  ]
  for (const [path, message] of own) await agent.write(`dm-control/${path}`, encodeJson(message))
  for (const part of [0, 1]) await agent.write(`dm-control/${Layout.responsePart(continued, part)}`, 'x')

  const nodes = await surveyControlDirectory(world.dom0, PAIR)
  expect(nodes.map(({ writer, path, state, text }) => [writer, path, state, text])).toEqual([
    ['dom0', 'dom0/made', 'made', expect.stringMatching(/^\d{4}-\d\d-\d\dT/)],
    ['dom0', `dom0/request/pci-attach/${id}`, 'asked', '{"bdf":"0000:03:00.0"}, epoch epoch00001, deadline 5000 ms'],
    ['stubdomain', 'stubdom/event/3', 'event', '35: DEVICE_DELETED pci-pt-1'],
    ['stubdomain', 'stubdom/hello', 'ready', 'agent 0.1.0, protocol 1, epoch epoch00001, QEMU 7.2.0'],
    ['stubdomain', `stubdom/part/${continued}`, 'parts', '2 parts'],
    ['stubdomain', 'stubdom/refused', '0 refused', ''],
    ['stubdomain', `stubdom/response/pci-attach/${id}`, 'running', 'sysfs, overdue'],
    ['stubdomain', 'stubdom/status', 'ready', 'agent 0.1.0, epoch epoch00001'],
  ])
  expect(nodes[1]?.ageMs).toBeGreaterThanOrEqual(5_000)
})

test('what a stubdomain should not have written is shown as such, printable and within bounds', async () => {
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
  const agent = await world.inDomain(STUBDOMAIN)
  const id = newId()
  const nodes: [path: string, value: string, state: string][] = [
    ['stubdom/hello', '\u001b[2J{', 'undecodable'],
    [`stubdom/response/ping/${id}`, `{"v":1,"state":"${'x'.repeat(1_000)}"}`, 'undecodable'],
    [`stubdom/response/nonsense/${id}`, '{}', 'unknown'],
    ['stubdom/response/ping/a/b/c/d', 'deep', 'unreadable'],
    ['stubdom/surprise', '\u202etxt', 'unknown'],
  ]
  for (const [path, value] of nodes) await agent.write(`dm-control/${path}`, value)
  const seen = await surveyControlDirectory(world.dom0, PAIR)
  for (const [path, , state] of nodes) {
    const found = seen.find(node => path.startsWith(node.path))
    expect([path, found?.state]).toEqual([path, state])
    expect(found?.text).toMatch(/^[^\p{C}]{1,200}$/u)
  }
})

test('a directory of thousands costs a bounded amount, and is not hidden', async () => {
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
  // As dom0 would on a daemon without quotas: the stubdomain itself may own 1,000 nodes.
  const names = Array.from({ length: 900 }, (_, index) => `n${index}-${'x'.repeat(20)}`)
  await Promise.all(names.map(name => world.dom0.write(`${CONTROL}/stubdom/response/ping/${name}`, 'x')))
  for (let n = 0; n < 3; n++) {
    const ids = Array.from({ length: 600 }, (_, index) => `i${index}`)
    await Promise.all(ids.map(name => world.dom0.write(`${CONTROL}/stubdom/event${n}/${name}`, 'x')))
  }
  const nodes = await surveyControlDirectory(world.dom0, PAIR)
  expect(nodes.length).toBeLessThanOrEqual(1_002)
  expect(nodes).toContainEqual(expect.objectContaining({ path: 'stubdom/response/ping', state: 'unreadable' }))
  expect(nodes).toContainEqual(expect.objectContaining({ text: 'more than 1000 nodes' }))
})

test('no control directory', async () => {
  await expect(surveyControlDirectory(world.dom0, PAIR)).rejects.toMatchObject({ name: 'NoAgentError' })
})
