import { encodeJson, Layout } from '@stubdom/protocol'
import { acl, formatAcl } from '@stubdom/xenstore'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Agent, HELLO } from '../testing/agent.ts'
import { CONTROL, GUEST, STUBDOMAIN, World } from '../testing/world.ts'
import { ensureControlDirectory } from './directory.ts'
import { greet } from './greeting.ts'

const PAIR = { guest: GUEST, stubdomain: STUBDOMAIN }

let world: World
beforeEach(async () => {
  world = await World.start()
})
afterEach(() => world.stop())

const status = (stage: string): string => encodeJson({ v: 1, agent: '0.1.0', epoch: 'epoch00001', stage })

describe('the control directory', () => {
  test('is made with its permissions explicit, by one of two that come at once', async () => {
    const other = await world.inDomain(STUBDOMAIN)
    const made = await Promise.all([1, 2].map(() => ensureControlDirectory(world.dom0, STUBDOMAIN)))
    expect(made.toSorted()).toEqual(['found', 'made'])
    const permissions = async (path: string) => formatAcl(await world.dom0.getPermissions(`${CONTROL}${path}`))
    for (const path of ['', '/dom0', '/dom0/request', '/dom0/request/ping', '/dom0/part']) {
      expect(await permissions(path)).toBe('n0,r7')
    }
    expect(await permissions('/stubdom')).toBe('n7,r0')
    await other.write('dm-control/stubdom/hello', '{}')
  })

  test.each<[name: string, spoil: () => Promise<void>]>([
    ['a write after a destruction resurrected it', () => world.dom0.setPermissions(CONTROL, acl(0))],
    ['the stubdomain cannot read the requests', () => world.dom0.setPermissions(`${CONTROL}/dom0/request`, acl(0))],
    ['the stubdomain does not own its side', () => world.dom0.setPermissions(`${CONTROL}/stubdom`, acl(0))],
    ['its side is missing', () => world.dom0.rm(`${CONTROL}/stubdom`)],
    [
      'it was made for an earlier domain of that number: its permissions look right and are dead',
      async () => {
        await world.daemon.destroyDomain(STUBDOMAIN)
        await world.daemon.createDomain(STUBDOMAIN)
        await world.dom0.introduce(STUBDOMAIN, 1, 1)
      },
    ],
  ])('is made anew when %s', async (_name, spoil) => {
    await ensureControlDirectory(world.dom0, STUBDOMAIN)
    await spoil()
    await expect(ensureControlDirectory(world.dom0, STUBDOMAIN)).resolves.toBe('made')
    const stubdomain = await world.inDomain(STUBDOMAIN)
    await stubdomain.write('dm-control/stubdom/hello', '{}')
    await expect(stubdomain.list('dm-control/dom0/request')).resolves.toContain('ping')
  })

  test('stays when the stubdomain opened its own side to others', async () => {
    await ensureControlDirectory(world.dom0, STUBDOMAIN)
    const stubdomain = await world.inDomain(STUBDOMAIN)
    await stubdomain.setPermissions('dm-control/stubdom', acl(STUBDOMAIN, [0, 'read'], [GUEST, 'read']))
    await expect(ensureControlDirectory(world.dom0, STUBDOMAIN)).resolves.toBe('found')
  })
})

describe('when the control directory had to be made', () => {
  test('an agent that waits for it is given time to say hello', async () => {
    const [hello] = await Promise.all([greet(world.dom0, PAIR, 10_000), Agent.start(world)])
    expect(hello).toEqual(HELLO)
  })

  test('an agent that is on its way is waited for', async () => {
    const greeting = greet(world.dom0, PAIR, 10_000)
    const agent = await world.inDomain(STUBDOMAIN)
    await world.appears('stubdom')
    for (const stage of ['starting', 'connecting-qemu', 'ready']) {
      await agent.write(`dm-control/${Layout.status}`, status(stage))
    }
    await agent.write(`dm-control/${Layout.hello}`, encodeJson(HELLO))
    await expect(greeting).resolves.toEqual(HELLO)
  })

  test('an agent that cannot come is not waited for', async () => {
    const greeting = greet(world.dom0, PAIR, 60_000)
    const agent = await world.inDomain(STUBDOMAIN)
    await world.appears('stubdom')
    await agent.write(`dm-control/${Layout.status}`, status('qemu-silent'))
    await expect(greeting).rejects.toMatchObject({
      name: 'NoAgentError',
      message: expect.stringMatching(/no greeting/),
    })
  })

  test('one that changes its words all the time costs a bounded number of looks', async () => {
    const reads = vi.spyOn(world.dom0, 'readIfExists')
    const begun = performance.now()
    const greeting = greet(world.dom0, PAIR, 60_000)
    const agent = await world.inDomain(STUBDOMAIN)
    await world.appears('stubdom')
    for (let n = 0; n < 2_000; n++) {
      await agent.write(`dm-control/${Layout.status}`, status(n % 2 ? 'starting' : 'connecting-qemu'))
    }
    await agent.write(`dm-control/${Layout.hello}`, encodeJson(HELLO))
    await expect(greeting).resolves.toEqual(HELLO)
    // Two for each look, and ten milliseconds between two looks; timers come a little early.
    expect(reads.mock.calls.length).toBeLessThan(20 + (2 * (performance.now() - begun)) / 9)
  })

  test('nobody answers: the wait ends', async () => {
    await expect(greet(world.dom0, PAIR, 20)).rejects.toMatchObject({
      name: 'NoAgentError',
      message: expect.stringMatching(/was made just now, and nobody answered/),
    })
  })
})

test.each<[name: string, hello: string, message: RegExp]>([
  ['no JSON', 'hello!', /misbehaves: hello: it is not JSON/],
  ['an unknown field', encodeJson({ ...HELLO, more: 1 }), /misbehaves/],
  ['another guest', encodeJson({ ...HELLO, target: 5 }), /misbehaves: it says that its guest is domain 5/],
  ['control characters', 'x\u001b[2J', /misbehaves/],
])('a hello with %s is no agent', async (_name, hello, message) => {
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
  const agent = await world.inDomain(STUBDOMAIN)
  await agent.write(`dm-control/${Layout.hello}`, hello)
  const error = await greet(world.dom0, PAIR).catch(caught => caught)
  expect(error).toMatchObject({ name: 'MisbehavingError', message: expect.stringMatching(message) })
  expect(error.message).not.toMatch(/\p{Cc}/u)
})

test('a stubdomain that the Xenstore does not know gets no control directory', async () => {
  await world.destroy(STUBDOMAIN)
  await expect(greet(world.dom0, PAIR)).rejects.toMatchObject({ name: 'DomainError', code: 'no-stubdomain' })
  await expect(world.dom0.exists(`/local/domain/${STUBDOMAIN}`)).resolves.toBe(false)
})
