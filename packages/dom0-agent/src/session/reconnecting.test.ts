import { join } from 'node:path'
import { Layout } from '@stubdom/protocol'
import { concatMap, filter, firstValueFrom } from 'rxjs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureControlDirectory } from '../control/directory.ts'
import type { Dom0 } from '../dom0.ts'
import type { Stubdomain } from '../stubdomain.ts'
import { Agent, done } from '../testing/agent.ts'
import { Gate } from '../testing/gate.ts'
import { Wire } from '../testing/wire.ts'
import { CONTROL, STUBDOMAIN, World } from '../testing/world.ts'

let world: World
let wire: Wire
beforeEach(async () => {
  world = await World.start()
  wire = await Wire.lay(join(world.dir, 'wire'), world.daemon.socketPath)
  world.whenStopped(() => wire.close())
})
afterEach(() => world.stop())

const RESULT = { runState: 'paused', changed: true }

describe.each(['node', 'directory'] as const)('a connection that is lost while the store stays (%s watches)', watch => {
  let dom0: Dom0
  let stubdomain: Stubdomain
  let free: Gate
  let begun: string[]
  let writes: string[]
  beforeEach(async () => {
    free = new Gate()
    begun = []
    writes = []
    await startAgent(async id => {
      begun.push(id)
      await free.opened
    })
    dom0 = await world.connect({ xenstore: wire.path, watch, greetingMs: 20_000 })
    stubdomain = await dom0.stubdomain('hvm1')
    await stubdomain.ready()
    const root = `${CONTROL}/${Layout.requestsOf('dm-stop')}/`
    const written = world.dom0.watch(`${CONTROL}/${Layout.requests}`).pipe(filter(path => path.startsWith(root)))
    written.subscribe(path => writes.push(path.slice(root.length)))
  })

  const connectedAgain = () => dom0.listStubdomains()

  test('commands go on and end with their answers, however often', async () => {
    const stops = Array.from({ length: 5 }, () => stubdomain.dmStop())
    for (const { id } of stops) await world.appears(Layout.request('dm-stop', id))
    for (let times = 0; times < 3; times++) {
      wire.cut()
      await connectedAgain()
    }
    free.open()
    for (const { result } of stops) await expect(result).resolves.toEqual(RESULT)
    expect(begun.toSorted()).toEqual(stops.map(({ id }) => id).toSorted())
    await dom0.close()
    expect(await world.requests()).toEqual([])
  })

  test('an answer that came meanwhile is found', async () => {
    const stop = stubdomain.dmStop()
    await firstValueFrom(stop.progress)
    wire.state = 'mute'
    free.open()
    await answered(stop.id)
    wire.cut()
    await expect(stop.result).resolves.toEqual(RESULT)
  })

  test('a request that was written without a word about it is found, and not written twice', async () => {
    wire.state = 'mute'
    const stop = stubdomain.dmStop()
    await world.appears(Layout.response('dm-stop', stop.id))
    wire.cut()
    await connectedAgain()
    expect(writes).toEqual([stop.id])
    free.open()
    await expect(stop.result).resolves.toEqual(RESULT)
    expect(begun).toEqual([stop.id])
  })

  test('a request that did not get through is not written again: whether it will still come cannot be known', async () => {
    wire.state = 'deaf'
    const heard = wire.heard()
    const stop = stubdomain.dmStop()
    await heard
    wire.cut()
    await expect(stop.result).rejects.toMatchObject({ name: 'OutcomeUnknownError', code: 'disconnected' })
    expect([begun, writes]).toEqual([[], []])
    await expect(stubdomain.ping().result).resolves.toEqual({})
  })

  test('the end of the domain is noticed over the new connection', async () => {
    const stop = stubdomain.dmStop()
    await firstValueFrom(stop.progress)
    wire.cut()
    await connectedAgain()
    await world.destroy(STUBDOMAIN)
    await expect(stop.result).rejects.toMatchObject({ name: 'OutcomeUnknownError', code: 'domain-gone' })
  })
})

async function startAgent(carryOut: (id: string) => Promise<void>): Promise<void> {
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
  await Agent.start(world, {
    'dm-stop': async (_args, { commit, key }) => {
      commit()
      await carryOut(key.id)
      return done(RESULT)
    },
  })
}

/** Resolves when the agent has written its answer. */
async function answered(id: string): Promise<void> {
  const path = `${CONTROL}/${Layout.response('dm-stop', id)}`
  const texts = world.dom0.watch(path).pipe(concatMap(() => world.dom0.readText(path)))
  await firstValueFrom(texts.pipe(filter(text => text.includes('"done"'))))
}
