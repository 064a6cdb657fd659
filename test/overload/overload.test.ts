import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStubdomctl } from '@stubdom/demo'
import { connect, type Dom0, Dom0Error, type Stubdomain } from '@stubdom/dom0-agent'
import { Layout, REQUESTS_PER_COMMAND_MAX } from '@stubdom/protocol'
import { expect, onTestFinished, test, vi } from 'vitest'
import { onEachXenstore, report, type TestWorld } from '../support/worlds.ts'
import { SlowMonitor } from './slow-monitor.ts'

async function session(world: TestWorld, options: { watch?: 'node'; xenstore?: string } = {}): Promise<Dom0> {
  const dom0 = await connect({ xenstore: world.world.dom0Socket, greetingMs: 20_000, ...options })
  onTestFinished(() => dom0.close())
  return dom0
}

/** How often commands ended in which way: `done`, or an error's code. */
async function endings(results: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const result of results) {
    const ending = await result.then(
      () => 'done',
      (error: unknown) => {
        if (error instanceof Dom0Error) return error.code
        throw error
      },
    )
    counts[ending] = (counts[ending] ?? 0) + 1
  }
  return counts
}

const repeat = <T>(times: number, what: () => T): T[] => Array.from({ length: times }, what)

onEachXenstore('a stubdomain that is given too much', start => {
  test('1,000 commands at once: no more than there is room for stand there, the others are refused at once, and all is well afterwards', async () => {
    const world = await start()
    const dom0 = await session(world)
    const stubdomain = await dom0.stubdomain('hvm1')
    await stubdomain.ready()
    const { dom0: look, controlDirectory } = world.world
    world.world.agent?.signal('SIGSTOP')
    const pings = repeat(1_000, () => stubdomain.ping({ timeoutMs: 20_000 }))
    const refused = await endings(pings.slice(REQUESTS_PER_COMMAND_MAX).map(({ result }) => result))
    expect(refused).toEqual({ busy: 1_000 - REQUESTS_PER_COMMAND_MAX })
    // The refusals may be here before the last request stands there.
    await expect
      .poll(() => look.list(`${controlDirectory}/${Layout.requestsOf('ping')}`))
      .toHaveLength(REQUESTS_PER_COMMAND_MAX)
    // Another process is told so, too, and other commands have room of their own.
    expect(await world.json('ping', 'hvm1')).toMatchObject({
      exitCode: 1,
      error: { code: 'busy', outcome: 'not-done' },
    })

    world.world.agent?.signal('SIGCONT')
    const { done = 0, busy = 0 } = await endings(pings.slice(0, REQUESTS_PER_COMMAND_MAX).map(({ result }) => result))
    // The agent has a window of its own.
    expect([done + busy, done >= 32]).toEqual([REQUESTS_PER_COMMAND_MAX, true])
    await world.quiet()
    await expect(stubdomain.ping().result).resolves.toEqual({})
  })

  test('1,000 commands of all kinds at a QEMU that hangs: each ends, nothing is lost, and all is well afterwards', async () => {
    const world = await start()
    const stubdomain = await (await session(world)).stubdomain('hvm1')
    await stubdomain.ready()
    await world.world.qemu.pause()
    const options = { timeoutMs: 25_000 }
    const commands = repeat(250, () => [
      stubdomain.pciList(options),
      stubdomain.status(options),
      stubdomain.dmStop(options),
      stubdomain.dmCont(options),
    ]).flat()
    // A query that QEMU is not needed for goes on, if the window has room for it: the agent refuses early.
    expect(Object.keys(await endings([stubdomain.ping().result]))).toEqual([expect.toBeOneOf(['done', 'busy'])])
    world.world.qemu.resume()
    const counts = await endings(commands.map(({ result }) => result))
    expect(Object.keys(counts).toSorted()).toEqual(['busy', 'done'])
    expect((counts['done'] ?? 0) + (counts['busy'] ?? 0)).toBe(1_000)
    expect(counts['done']).toBeGreaterThanOrEqual(32)
    await stubdomain.dmCont().result
    await world.quiet()
    expect(await world.qemu('query-status')).toMatchObject({ running: true })
  })

  test('more requests than oxenstored can list to a domain: it goes on by their events, and all is well when they are gone', async () => {
    const world = await start()
    const stubdomain = await (await session(world)).stubdomain('hvm1')
    await stubdomain.ready()
    const { dom0, controlDirectory } = world.world
    const at = (id: string): string => `${controlDirectory}/${Layout.request('status', id)}`
    const ids = Array.from({ length: 300 }, (_, n) => `0mhx3ab0-${n.toString(36).padStart(7, '0')}`)
    await Promise.all(ids.map(id => dom0.write(at(id), 'nonsense')))
    // What makes the agent list.
    await dom0.write(`${controlDirectory}/${Layout.made}`, await dom0.readText(`${controlDirectory}/${Layout.made}`))
    await expect(stubdomain.pciList({ timeoutMs: 20_000 }).result).resolves.toEqual({ devices: [] })
    // The others have no such bound, and nothing to say.
    const says = world.world.xenstored.daemon === 'ocaml' ? 'more requests than can be listed' : ''
    await vi.waitFor(() => expect(world.world.agent?.stderrTail()).toContain(says), 10_000)
    // While there are still too many, the agent cannot see which answers were collected.
    await Promise.all(ids.slice(0, 50).map(id => dom0.rm(at(id))))
    await expect(stubdomain.pciList().result).resolves.toEqual({ devices: [] })
    await Promise.all(ids.slice(50).map(id => dom0.rm(at(id))))
    await expect(stubdomain.status().result).resolves.toMatchObject({ inFlight: [] })
    await world.quiet()
    expect(world.world.agent?.stderrTail()).not.toContain('connecting anew')
  })
})

onEachXenstore('a dom0 of many processes', start => {
  /** As many connections, each as a program of its own has it; `STUBDOM_PROCESSES` of them, and some real programs besides. */
  const PROCESSES = Number(process.env['STUBDOM_PROCESSES'] ?? 200)
  const PROGRAMS = 8

  test('all of them at once: every one gets its answer or is refused, and nothing is left', async () => {
    const world = await start()
    await (await (await session(world)).stubdomain('hvm1')).ready()
    const programs = repeat(PROGRAMS, () => world.start('--json', '--timeout', '25', 'ping', '-c', '1', 'hvm1'))
    const sessions = await Promise.all(repeat(PROCESSES, () => session(world, { watch: 'node' })))
    const stubdomains: Stubdomain[] = []
    for (const dom0 of sessions) stubdomains.push(await dom0.stubdomain('hvm1'))
    const counts = await endings(stubdomains.map(stubdomain => stubdomain.pciList({ timeoutMs: 25_000 }).result))
    expect(Object.keys(counts).filter(ending => ending !== 'busy' && ending !== 'done')).toEqual([])
    expect(counts['done']).toBeGreaterThanOrEqual(32)
    for (const program of programs) {
      const { ok, error } = await report(program)
      expect(ok || error?.code === 'busy').toBe(true)
    }
    // Whoever was refused repeats it when the others are done.
    for (const stubdomain of stubdomains.slice(0, 20))
      await expect(stubdomain.pciList().result).resolves.toEqual({ devices: [] })
    await Promise.all(sessions.map(dom0 => dom0.close()))
    await world.quiet()
  }, 90_000)
})

onEachXenstore('a QEMU that takes long for each command', start => {
  test('commands wait for their turn, what need not wait does not, and what comes too late is told so', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'slow-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const path = join(directory, 'qmp')
    const world = await start({ withoutAgent: true, agentArguments: ['--qmp', path] })
    const monitor = await SlowMonitor.listen(path, world.world.qemu.qmpPath)
    await world.world.startAgent()
    const stubdomain = await (await session(world)).stubdomain('hvm1')
    await stubdomain.ready()
    await stubdomain.dmCont().result
    monitor.slowDown()
    const waiting = [stubdomain.pciList({ timeoutMs: 25_000 }), stubdomain.dmStop({ timeoutMs: 25_000 })]
    const late = stubdomain.dmCont({ timeoutMs: 300, graceMs: 25_000 })
    await vi.waitFor(() => expect(monitor.held).toBe(1), 10_000)
    // One command at a time is QEMU's.
    await expect(stubdomain.ping().result).resolves.toEqual({})
    expect(Object.keys(await endings([late.result]))).toEqual([expect.toBeOneOf(['deadline', 'cancelled'])])
    expect(monitor.held).toBe(1)
    monitor.speedUp()
    expect(await endings(waiting.map(({ result }) => result))).toEqual({ done: 2 })
    expect(await world.qemu('query-status')).toMatchObject({ running: false })
    await expect(stubdomain.dmCont().result).resolves.toMatchObject({ runState: 'running' })
    await world.quiet()
  })
})

onEachXenstore('a xenstored that is slow', start => {
  test('commands end by their deadline while it stands still, and go on when it does', async () => {
    const world = await start()
    const { xenstored, dom0Socket, environment } = world.world
    const relay = await world.relay('relay', dom0Socket)
    const stubdomain = await (await session(world, { xenstore: relay.path })).stubdomain('hvm1')
    await stubdomain.ready()
    // The embedded one is in this process: what leads to it stands still in its place.
    const { pid } = xenstored
    if (pid === undefined) relay.hold()
    else process.kill(pid, 'SIGSTOP')
    try {
      const counts = await endings(repeat(200, () => stubdomain.ping({ timeoutMs: 500, graceMs: 200 }).result))
      expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(200)
      expect(counts).not.toHaveProperty('done')
      expect(counts['busy']).toBeGreaterThan(100)
      const args = ['--json', '--timeout', '0.5', 'ping', '-c', '1', 'hvm1']
      const cli = await report(startStubdomctl(args, { ...environment, XENSTORED_PATH: relay.path }))
      expect(cli).toMatchObject({ ok: false, exitCode: 5 })
    } finally {
      if (pid === undefined) relay.letGo()
      else process.kill(pid, 'SIGCONT')
    }
    await expect(stubdomain.ping({ timeoutMs: 20_000, force: true }).result).resolves.toEqual({})
    expect(await world.json('status', 'hvm1')).toMatchObject({ ok: true })
  })
})
