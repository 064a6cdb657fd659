import { controlPath, encodeJson, idGenerator, Layout } from '@stubdom/protocol'
import { firstValueFrom, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureControlDirectory } from './control/directory.ts'
import type { Dom0Options } from './dom0.ts'
import { SaveChannelError } from './save/channel.ts'
import { Agent, done, type Handler, HELLO } from './testing/agent.ts'
import { Gate } from './testing/gate.ts'
import { CONTROL, GUEST, STUBDOMAIN, World } from './testing/world.ts'

const DEVICE = {
  bdf: '0000:03:00.0',
  qdevId: 'pci-pt-0000_03_00.0',
  driver: 'edu',
  guest: { bus: 0, slot: 5, function: 0 },
}
const newId = idGenerator(Date.now, Math.random)

let world: World
beforeEach(async () => {
  world = await World.start()
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
})
afterEach(() => world.stop())

const begin = async (options: Dom0Options = { watch: 'node' }) => {
  const dom0 = await world.connect(options)
  return { dom0, stubdomain: await dom0.stubdomain('hvm1') }
}

/** An agent that does nothing but being there: what it answers is written by the test. */
async function silentAgent(hello: object = HELLO) {
  const client = await world.inDomain(STUBDOMAIN)
  await client.write(`dm-control/${Layout.hello}`, encodeJson(hello))
  return client
}

describe.each(['node', 'directory'] as const)('with %s watches', watch => {
  test('commands are answered, one after the other and at once, and nothing is left behind', async () => {
    const { dom0, stubdomain } = await begin({ watch })
    await Agent.start(world, {
      'pci-attach': async () => done(DEVICE),
      'pci-list': async () => done({ devices: [DEVICE] }),
    })
    await expect(stubdomain.ping().result).resolves.toEqual({})
    const attached = stubdomain.pciAttach({ bdf: '03:00.0', slot: 5 })
    const pings = Array.from({ length: 10 }, () => stubdomain.ping().result)
    await expect(attached.result).resolves.toEqual(DEVICE)
    expect(await Promise.all(pings)).toHaveLength(10)
    await expect(stubdomain.pciList().result).resolves.toEqual({ devices: [DEVICE] })
    await dom0.close()
    expect(await world.requests()).toEqual([])
  })

  test('what the agent says on the way is reported once each, in order', async () => {
    const { stubdomain } = await begin({ watch })
    const seen = new Gate()
    await Agent.start(world, {
      'pci-detach': async (_args, { stage, accept }) => {
        stage('asking-guest')
        accept()
        await seen.opened
        return done({ bdf: DEVICE.bdf, qdevId: DEVICE.qdevId })
      },
    })
    const detach = stubdomain.pciDetach({ bdf: '03:00.0' })
    const reported = firstValueFrom(detach.progress.pipe(toArray()))
    detach.progress.subscribe(response => response.state === 'accepted' && seen.open())
    await detach.result
    const states = (await reported).map(({ state, stage }) => [state, stage])
    expect(states.at(-1)).toEqual(['accepted', 'asking-guest'])
    expect(new Set(states.map(String)).size).toBe(states.length)
  })

  test('an answer in many parts arrives whole', async () => {
    const { dom0, stubdomain } = await begin({ watch })
    const devices = Array.from({ length: 200 }, (_, slot) => ({ ...DEVICE, qdevId: `pci-pt-${slot}` }))
    await Agent.start(world, { 'pci-list': async () => done({ devices }) })
    await expect(stubdomain.pciList().result).resolves.toEqual({ devices })
    await dom0.close()
    expect(await world.requests()).toEqual([])
  })

  test('an agent that restarts is found again', async () => {
    const { stubdomain } = await begin({ watch })
    const first = await Agent.start(world)
    await stubdomain.ping().result
    await first.stop()
    await Agent.start(world, {}, { epoch: 'epoch00002' })
    // The first command may still have been made for the earlier agent: then it was not done, for certain.
    const next = await stubdomain.ping().result.catch(error => [error.code, error.outcome])
    expect([{}, ['stale-epoch', 'not-done']]).toContainEqual(next)
    await expect(stubdomain.ping().result).resolves.toEqual({})
  })

  test('the stubdomain dies in the middle: the command ends at once, and nothing is resurrected', async () => {
    const { stubdomain } = await begin({ watch })
    const claimed = new Gate()
    await Agent.start(world, { 'dm-stop': () => new Promise(() => {}) })
    const stop = stubdomain.dmStop()
    stop.progress.subscribe(() => claimed.open())
    await claimed.opened
    await world.destroy(STUBDOMAIN)
    await expect(stop.result).rejects.toMatchObject({ name: 'OutcomeUnknownError', code: 'domain-gone' })
    await expect(world.dom0.exists(`/local/domain/${STUBDOMAIN}`)).resolves.toBe(false)
  })
})

test('a request that nobody claimed is not done when the domain dies', async () => {
  const { stubdomain } = await begin()
  await silentAgent()
  const ping = stubdomain.ping()
  await world.appears(Layout.request('ping', ping.id))
  await world.destroy(STUBDOMAIN)
  await expect(ping.result).rejects.toMatchObject({
    name: 'CommandFailedError',
    code: 'domain-gone',
    outcome: 'not-done',
  })
  await expect(world.dom0.exists(`/local/domain/${STUBDOMAIN}`)).resolves.toBe(false)
})

test('a stubdomain that is gone when a command is given gets none, and is not resurrected', async () => {
  const { stubdomain } = await begin()
  await Agent.start(world)
  await stubdomain.ping().result
  await world.destroy(STUBDOMAIN)
  await expect(stubdomain.ping().result).rejects.toMatchObject({ code: 'domain-gone', outcome: 'not-done' })
  await expect(world.dom0.exists(`/local/domain/${STUBDOMAIN}`)).resolves.toBe(false)
})

describe('outcome unknown', () => {
  test('the id can be picked up again and gives the true result', async () => {
    const { dom0, stubdomain } = await begin()
    const free = new Gate()
    await Agent.start(world, {
      'pci-attach': async () => {
        await free.opened
        return done(DEVICE)
      },
    })
    const attach = stubdomain.pciAttach({ bdf: '03:00.0' }, { timeoutMs: 50, graceMs: 50 })
    await expect(attach.result).rejects.toMatchObject({
      name: 'OutcomeUnknownError',
      id: attach.id,
      code: 'deadline',
      latest: { state: 'running' },
    })
    expect(await world.requests()).toEqual([Layout.request('pci-attach', attach.id)])
    const again = stubdomain.pciAttach({ bdf: '0000:03:00.0' }, { id: attach.id })
    free.open()
    await expect(again.result).resolves.toEqual(DEVICE)
    await dom0.close()
    expect(await world.requests()).toEqual([])
  })

  test('commands that are given no grace are called back all the same, before the connection ends', async () => {
    const { dom0, stubdomain } = await begin()
    await silentAgent()
    const pings = Array.from({ length: 50 }, () => stubdomain.ping({ timeoutMs: 20, graceMs: 0 }))
    await Promise.allSettled(pings.map(({ result }) => result))
    await dom0.close()
    const requests = await Promise.all(
      pings.map(({ id }) => world.dom0.readText(`${CONTROL}/${Layout.request('ping', id)}`)),
    )
    for (const request of requests) expect(JSON.parse(request)).toMatchObject({ cancel: true })
  })

  test('an id that is not there any more has expired', async () => {
    const { stubdomain } = await begin()
    await expect(stubdomain.ping({ id: newId() }).result).rejects.toMatchObject({ code: 'expired' })
  })

  test('an id that stands for something else is a conflict, and is left alone', async () => {
    const { stubdomain } = await begin()
    await Agent.start(world, { 'pci-attach': () => new Promise(() => {}) })
    const attach = stubdomain.pciAttach({ bdf: '03:00.0' }, { timeoutMs: 20, graceMs: 20 })
    await attach.result.catch(() => undefined)
    const other = stubdomain.pciAttach({ bdf: '04:00.0' }, { id: attach.id })
    await expect(other.result).rejects.toMatchObject({ code: 'conflict' })
    expect(await world.requests()).toEqual([Layout.request('pci-attach', attach.id)])
  })

  test('a Xenstore that goes for good: everything ends in time', async () => {
    const { stubdomain } = await begin()
    await silentAgent()
    const ping = stubdomain.ping({ timeoutMs: 200, graceMs: 50 })
    await world.appears(Layout.request('ping', ping.id))
    await world.daemon.stop()
    await expect(ping.result).rejects.toMatchObject({ name: 'OutcomeUnknownError', code: 'disconnected' })
    const later = stubdomain.ping({ timeoutMs: 50 })
    await expect(later.result).rejects.toMatchObject({ name: 'NoXenstoreError' })
  })
})

test('a device model that was stopped for a state which is lost is let go on, by a command that has 10 s', async () => {
  const lost = async (): Promise<never> => {
    throw new SaveChannelError('it is not there')
  }
  const saving = {
    channel: { name: 'file' as const, listen: async () => ({ take: lost, end: async () => {} }) },
    target: async () => ({ store: lost }),
  }
  const { stubdomain } = await begin({ watch: 'node', saving })
  const saved = { channel: 'file', bytes: 1, sha256: '0'.repeat(64), before: 'running', runState: 'paused' }
  const request = new Promise<string>(resolve => {
    void Agent.start(world, {
      'save-state': async () => done(saved),
      'dm-cont': async (_args, { key: { command, id } }) => {
        resolve(await world.dom0.readText(`${CONTROL}/${Layout.request(command, id)}`))
        return done({ runState: 'running', changed: true })
      },
    })
  })
  const save = stubdomain.saveState({ file: 'any', resume: false })
  await expect(save.result).rejects.toMatchObject({ code: 'save-failed', outcome: 'not-done' })
  expect(JSON.parse(await request)).toMatchObject({ deadlineMs: 10_000 })
})

describe('cancelling', () => {
  test('before anything was sent', async () => {
    const { stubdomain } = await begin()
    await Agent.start(world)
    const ping = stubdomain.ping()
    ping.cancel()
    await expect(ping.result).rejects.toMatchObject({ name: 'CommandCancelledError', id: ping.id })
    expect(await world.requests()).toEqual([])
  })

  test('after the claim, before QEMU had it', async () => {
    const { dom0, stubdomain } = await begin()
    await Agent.start(world, { 'dm-stop': (_args, { aborted }) => aborted.then(() => ({ kind: 'cancelled' })) })
    const stop = stubdomain.dmStop()
    stop.progress.subscribe(() => stop.cancel())
    await expect(stop.result).rejects.toMatchObject({ name: 'CommandCancelledError' })
    await dom0.close()
    expect(await world.requests()).toEqual([])
  })

  test('by a signal, too late: the answer is the truth', async () => {
    const { stubdomain } = await begin()
    const canceller = new AbortController()
    const free = new Gate()
    const handler: Handler = async (_args, { commit }) => {
      commit()
      await free.opened
      return done({ runState: 'paused', changed: true })
    }
    await Agent.start(world, { 'dm-stop': handler })
    const stop = stubdomain.dmStop({ signal: canceller.signal })
    stop.progress.subscribe(({ cancel }) => (cancel === 'too-late' ? free.open() : canceller.abort()))
    await expect(stop.result).resolves.toEqual({ runState: 'paused', changed: true })
  })
})

describe('answers that cannot be used', () => {
  const digest = '0123456789abcdef'
  test.each<[name: string, value: string | Uint8Array, message: RegExp]>([
    ['no JSON', 'what?', /^stubdomain 7 misbehaves: response ping/],
    ['control characters', '\u001b[2J', /^stubdomain 7 misbehaves: response ping/],
    ['an unknown state', encodeJson({ v: 1, digest, state: 'fine' }), /^stubdomain 7 misbehaves: response ping/],
    [
      'an unknown key',
      encodeJson({ v: 1, digest, state: 'cancelled', extra: 1 }),
      /^stubdomain 7 misbehaves: response ping/,
    ],
    [
      'a prototype',
      '{"v":1,"__proto__":{},"digest":"0123456789abcdef","state":"cancelled"}',
      /^stubdomain 7 misbehaves: response ping/,
    ],
    ['deep nesting', `${'['.repeat(900)}${']'.repeat(900)}`, /^stubdomain 7 misbehaves: response ping/],
    [
      'somebody else’s digest',
      encodeJson({ v: 1, digest, state: 'cancelled' }),
      /^stubdomain 7 misbehaves: it answered a command that was not asked for$/,
    ],
  ])('%s', async (_name, value, message) => {
    const { stubdomain } = await begin()
    const agent = await silentAgent()
    const ping = stubdomain.ping()
    await agent.write(`dm-control/${Layout.response('ping', ping.id)}`, value)
    const error = await ping.result.catch(caught => caught)
    expect(error).toMatchObject({ name: 'MisbehavingError', code: 'misbehaving', outcome: 'unknown', id: ping.id })
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/\p{Cc}/u)
  })

  test('an answer that can be used has printable texts, whatever they were written with', async () => {
    const { stubdomain } = await begin()
    const escapes = '7.2\u001b[2J\u009b\u202e'
    await Agent.start(world, {
      status: async () =>
        done({
          agent: { version: escapes, uptimeMs: 1, window: 32 },
          qemu: { version: escapes, runState: 'running', running: true },
          inFlight: [],
          pendingRemovals: [escapes],
        }),
    })
    const { agent, qemu, pendingRemovals } = await stubdomain.status().result
    expect([agent.version, qemu.version, ...pendingRemovals]).toEqual(Array.from({ length: 3 }, () => '7.2?[2J??'))
  })

  test('parts that are not there', async () => {
    const { stubdomain } = await begin()
    const agent = await silentAgent()
    const list = stubdomain.pciList()
    const firstHead = { v: 1, state: 'done', parts: 138, bytes: 262_144, sha256: '0'.repeat(64) }
    await agent.write(`dm-control/${Layout.response('pci-list', list.id)}`, encodeJson({ ...firstHead, digest }))
    await expect(list.result).rejects.toMatchObject({ code: 'misbehaving' })
  })
})

describe('what is refused before anything is sent', () => {
  test('a command that the agent does not have', async () => {
    const { stubdomain } = await begin()
    await silentAgent({ ...HELLO, commands: ['ping'] })
    await expect(stubdomain.dmStop().result).rejects.toMatchObject({ code: 'unsupported', outcome: 'not-done' })
    expect(await world.requests()).toEqual([])
  })

  test('arguments that no agent would take', async () => {
    const { stubdomain } = await begin()
    await silentAgent()
    await expect(stubdomain.pciAttach({ bdf: '03:00.0', slot: 99 }).result).rejects.toMatchObject({ code: 'usage' })
    await expect(stubdomain.pciAttach({ bdf: 'nonsense' }).result).rejects.toMatchObject({ code: 'usage' })
    await expect(stubdomain.ping({ id: 'nonsense' }).result).rejects.toMatchObject({ code: 'usage' })
    await expect(stubdomain.ping({ timeoutMs: 0 }).result).rejects.toMatchObject({ code: 'usage' })
    expect(await world.requests()).toEqual([])
  })

  test('more than the directory takes', async () => {
    const { stubdomain } = await begin()
    await silentAgent()
    for (let n = 0; n < 64; n++) await world.dom0.write(`${CONTROL}/${Layout.request('ping', newId())}`, '{}')
    await expect(stubdomain.ping().result).rejects.toMatchObject({ code: 'busy', outcome: 'not-done' })
  })

  test('commands for a stubdomain that let three deadlines pass, until its agent is another one or a person insists', async () => {
    const { stubdomain } = await begin()
    const agent = await silentAgent()
    const quick = { timeoutMs: 10, graceMs: 10 }
    for (let n = 0; n < 3; n++) await expect(stubdomain.ping(quick).result).rejects.toMatchObject({ code: 'deadline' })
    await expect(stubdomain.ping(quick).result).rejects.toMatchObject({ code: 'unresponsive', outcome: 'not-done' })
    await expect(stubdomain.ping({ ...quick, force: true }).result).rejects.toMatchObject({ code: 'deadline' })
    await agent.close()
    await Agent.start(world, {}, { epoch: 'epoch00002' })
    await expect(stubdomain.ping().result).resolves.toEqual({})
  })
})

test('expired requests and their parts are removed, long deadlines are respected', async () => {
  const { stubdomain } = await begin()
  await Agent.start(world)
  const early = idGenerator(() => Date.now() - 3_600_000, Math.random)
  const [old, long, withParts, lost] = [early(), early(), early(), early()]
  const request = { v: 1, epoch: 'epoch00000', deadlineMs: 1_000, args: {} }
  const root = controlPath(STUBDOMAIN)
  await world.dom0.write(`${root}/${Layout.request('dm-stop', old)}`, encodeJson(request))
  await world.dom0.write(
    `${root}/${Layout.request('dm-stop', long)}`,
    encodeJson({ ...request, deadlineMs: 7_200_000 }),
  )
  await world.dom0.write(`${root}/${Layout.requestPart(withParts, 0)}`, '{}')
  await world.dom0.write(`${root}/${Layout.requestPart(lost, 0)}`, '{}')
  await world.dom0.write(`${root}/${Layout.request('dm-stop', lost)}`, 'not a request')
  await stubdomain.dmCont({ timeoutMs: 1_000 }).result.catch(() => undefined)
  expect((await world.requests()).filter(path => path.includes('dm-stop') || path.includes('part'))).toEqual([
    Layout.request('dm-stop', long),
  ])
})

test('the guest can read none of it, and the stubdomain cannot write dom0’s tree', async () => {
  const stubdomain = await silentAgent()
  const guest = await world.inDomain(GUEST)
  for (const path of ['', '/dom0', '/dom0/request', '/stubdom', '/stubdom/hello']) {
    await expect(guest.read(`${CONTROL}${path}`)).rejects.toMatchObject({ errno: 'EACCES' })
  }
  for (const path of ['x', 'dom0/x', 'dom0/request/ping/x', 'dom0/part/x']) {
    await expect(stubdomain.write(`dm-control/${path}`, '')).rejects.toMatchObject({ errno: 'EACCES' })
  }
})

test('domains come and go: no more than some are listened to', async () => {
  const { dom0 } = await begin()
  await Agent.start(world)
  const watches = (): number => world.daemon.counts().domains.get(0)?.watches ?? 0
  await (await dom0.stubdomain('hvm1')).ping().result
  const before = watches()
  for (let n = 0; n < 80; n++) {
    await world.addPair(1_000 + 2 * n, 1_001 + 2 * n, `many${n}`)
    await dom0.stubdomain(`many${n}`)
  }
  // The two watches on the first one's answers and hello.
  await expect.poll(watches).toBe(before - 2)
  await (await dom0.stubdomain('hvm1')).ping().result
  expect(watches()).toBe(before)
})
