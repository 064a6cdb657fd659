import { PROGRAMS, type Running, start as startProgram } from '@stubdom/demo'
import {
  CommandFailedError,
  connect,
  DomainError,
  NoAgentError,
  NoXenstoreError,
  OutcomeUnknownError,
  type RunningCommand,
  type Stubdomain,
} from '@stubdom/dom0-agent'
import { concatMap, filter, firstValueFrom, timeout } from 'rxjs'
import { expect, onTestFinished, test } from 'vitest'
import { onEachXenstore, report, type TestWorld } from './support/worlds.ts'

/** What a command's caller was told. */
type Ending =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'not-done'; readonly why: unknown }
  | { readonly kind: 'unknown'; readonly code: string }

interface Given {
  readonly what: string
  readonly ending: Promise<Ending>
}

/** Root bus slots: all that are free, each with a device of its own. */
const SLOTS = Array.from({ length: 20 }, (_, index) => index + 5)
const [OURS, THEIRS] = [SLOTS.slice(0, 18), SLOTS.slice(18)]
/** Of the fifty commands all but the pings wait for a QEMU that stands still. */
const WAITING = 36

onEachXenstore('in the middle of fifty commands', begin => {
  test('xenstored is killed and started anew: nothing is claimed that is not true, nothing done twice, and all works on', async () => {
    const world = await begin({ withoutAgent: true, guest: 'silent' })
    const agent = startAgent(world)
    const stubdomain = await library(world)
    const epoch = await currentEpoch(world)
    // One that only the guest could end: whatever the others do, something is under way.
    await stubdomain.pciAttach({ bdf: '0c:00.0', slot: 29 }).result
    const detaching = given('pci-detach', stubdomain.pciDetach({ bdf: '0c:00.0' }))
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
    const commands = await fiftyUnderWay(world, stubdomain)
    const answered = first(5, commands)
    world.world.qemu.resume()
    await answered
    await world.world.xenstored.kill()
    await world.world.restartXenstored()

    const endings = await Promise.all(commands.map(async ({ what, ending }) => ({ what, ...(await ending) })))
    expect(endings.filter(({ kind }) => kind === 'done').length).toBeGreaterThanOrEqual(5)
    expect(await detaching.ending).toEqual({ kind: 'unknown', code: 'disconnected' })

    await stubdomain.ready()
    expect(await currentEpoch(world)).not.toBe(epoch)
    await expect(stubdomain.ping().result).resolves.toEqual({})
    const devices = new Set(await world.devices())
    const attaches = endings.filter(({ what, kind }) => what.startsWith('pci-attach') && kind !== 'unknown')
    for (const { what, kind } of attaches) expect(devices.has(what.slice(11)), what).toBe(kind === 'done')
    const { devices: listed } = await stubdomain.pciList().result
    expect(new Set(listed.map(({ qdevId }) => qdevId))).toEqual(devices)
    const attached = await stubdomain.pciAttach({ bdf: '0b:00.0', slot: 30 }).result
    expect(await world.devices()).toContain(attached.qdevId)
    expect(await world.json('ping', 'hvm1')).toMatchObject({ ok: true })
    await world.quiet()

    const begun = await whatWasBegun(agent)
    expect(begun).toEqual([...new Set(begun)])
  })

  test('what QEMU has not been told before xenstored is killed, it is never told', async () => {
    const world = await begin({ withoutAgent: true, guest: 'silent' })
    startAgent(world)
    const stubdomain = await library(world)
    await world.world.qemu.pause()
    onTestFinished(() => world.world.qemu.resume())
    const commands = OURS.slice(0, 3).map(slot =>
      given(attachAt(slot), stubdomain.pciAttach({ bdf: bdfAt(slot), slot })),
    )
    await standing(world, 'stubdom/response', /^stubdom\/response\/pci-attach\//, commands.length)
    const epoch = await currentEpoch(world)
    await world.world.xenstored.kill()
    await world.world.restartXenstored()
    // The library lays the control directory out again; the agent's first word in it belongs to a new epoch.
    const ready = stubdomain.ready()
    await world.node('stubdom/status', value => value !== '' && !value.includes(epoch))
    world.world.qemu.resume()
    await ready
    for (const { ending } of commands) expect(await ending).toEqual({ kind: 'unknown', code: 'disconnected' })
    expect((await stubdomain.pciList().result).devices).toEqual([])
    expect(await world.devices()).toEqual([])
  })

  test('both sides lose their connections, and nothing else: every command gets its answer, from the same agent', async () => {
    const world = await begin({ withoutAgent: true })
    const { dom0Socket, domains } = world.world
    const toAgent = await world.relay('agent', world.world.domainSocket(domains.stubdomain))
    const toLibrary = await world.relay('library', dom0Socket)
    const agent = startAgent(world, toAgent.path)
    const stubdomain = await library(world, toLibrary.path)
    const epoch = await currentEpoch(world)
    const commands = await fiftyUnderWay(world, stubdomain)
    const answered = first(5, commands)
    for (const relay of [toAgent, toLibrary]) relay.cut()
    world.world.qemu.resume()
    await answered
    for (const relay of [toLibrary, toAgent]) relay.cut()
    await allDone(world, commands)
    expect(await currentEpoch(world)).toBe(epoch)
    await world.quiet()
    const begun = await whatWasBegun(agent)
    expect(begun).toEqual([...new Set(begun)])
  })

  test('C xenstored is updated live: every command gets its answer', async ({ skip }) => {
    const world = await begin({ withoutAgent: true })
    if (world.world.xenstored.daemon !== 'c') skip('C xenstored alone can be updated live')
    const agent = startAgent(world)
    const stubdomain = await library(world)
    const epoch = await currentEpoch(world)
    const commands = await fiftyUnderWay(world, stubdomain)
    const answered = first(5, commands)
    await world.world.xenstored.liveUpdate()
    world.world.qemu.resume()
    await answered
    await world.world.xenstored.liveUpdate()

    await allDone(world, commands)
    expect(await currentEpoch(world)).toBe(epoch)
    await expect(stubdomain.ping().result).resolves.toEqual({})
    await world.quiet()
    const begun = await whatWasBegun(agent)
    expect(begun).toEqual([...new Set(begun)])
  })
})

async function allDone(world: TestWorld, commands: readonly Given[]): Promise<void> {
  for (const { what, ending } of commands) expect(await ending, what).toMatchObject({ kind: 'done' })
  expect((await world.devices()).toSorted()).toEqual(SLOTS.map(qdevIdAt).toSorted())
}

/** The agent with all of its log. */
function startAgent({ world }: TestWorld, path = world.domainSocket(world.domains.stubdomain)): Running {
  const args = ['--qmp', world.qemu.qmpPath, '--driver', 'edu', '--window', '64']
  const env = { XENSTORED_PATH: path }
  const agent = startProgram(process.execPath, [PROGRAMS.agent, ...args], env)
  onTestFinished(() => agent.signal('SIGKILL'))
  return agent
}

/** The ids of all commands that the agent began, once for each time, after it was told to stop and did so. */
async function whatWasBegun(agent: Running): Promise<string[]> {
  agent.signal('SIGTERM')
  const { exitCode, stderr } = await agent.finished
  expect(exitCode, stderr).toBe(0)
  const lines = stderr
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { msg: string; id: string })
  const begun = lines.filter(({ msg }) => msg === 'begun').map(({ id }) => id)
  expect(begun.length).toBeGreaterThan(0)
  return begun
}

async function library({ world }: TestWorld, path = world.dom0Socket): Promise<Stubdomain> {
  const dom0 = await connect({ xenstore: path, greetingMs: 20_000 })
  onTestFinished(() => dom0.close())
  const stubdomain = await dom0.stubdomain('hvm1')
  await stubdomain.ready()
  return stubdomain
}

async function currentEpoch(world: TestWorld): Promise<string> {
  return (JSON.parse(await world.node('stubdom/hello')) as { epoch: string }).epoch
}

/** Gives fifty commands, through one library and by some processes, to a QEMU that stands still, and waits until all requests stand. */
async function fiftyUnderWay(world: TestWorld, stubdomain: Stubdomain): Promise<Given[]> {
  await world.world.qemu.pause()
  onTestFinished(() => world.world.qemu.resume())
  const commands = [
    ...OURS.map(slot => given(attachAt(slot), stubdomain.pciAttach({ bdf: bdfAt(slot), slot }))),
    ...THEIRS.map(slot => typed(attachAt(slot), world, 'pci-attach', 'hvm1', `${bdfAt(slot)}@${slot.toString(16)}`)),
    ...Array.from({ length: 14 }, () => given('pci-list', stubdomain.pciList({ timeoutMs: 30_000 }))),
    ...Array.from({ length: 2 }, () => typed('pci-list', world, 'pci-list', 'hvm1')),
    ...Array.from({ length: 12 }, () => given('ping', stubdomain.ping())),
    ...Array.from({ length: 2 }, () => typed('ping', world, 'ping', 'hvm1')),
  ]
  expect(commands).toHaveLength(50)
  await standing(world, 'dom0/request', /^dom0\/request\/pci-(attach|list)\//, WAITING)
  return commands
}

/** Resolves when so many such nodes stand in a directory. */
async function standing(world: TestWorld, directory: string, path: RegExp, count: number): Promise<void> {
  const { dom0, controlDirectory } = world.world
  const changes = dom0.watch(`${controlDirectory}/${directory}`).pipe(
    concatMap(() => world.leftovers()),
    filter(paths => paths.filter(each => path.test(each)).length === count),
    timeout(20_000),
  )
  await firstValueFrom(changes)
}

function given(what: string, { result }: RunningCommand<unknown>): Given {
  return { what, ending: result.then(done => ({ kind: 'done', result: done }), endingOf) }
}

function endingOf(error: unknown): Ending {
  if (error instanceof OutcomeUnknownError) return { kind: 'unknown', code: error.code }
  // `partly` or a fault of the program is no ending that may be met here.
  if (error instanceof CommandFailedError && error.outcome === 'not-done') return { kind: 'not-done', why: error }
  if (error instanceof NoXenstoreError || error instanceof DomainError || error instanceof NoAgentError) {
    return { kind: 'not-done', why: error }
  }
  throw error
}

/** The same by a process of its own. */
function typed(what: string, world: TestWorld, ...args: string[]): Given {
  const command = report(world.start('--json', '--timeout', '30', ...args))
  return {
    what,
    ending: command.then(({ ok, error, ...result }): Ending => {
      if (ok) return { kind: 'done', result }
      if (error?.outcome === 'unknown') return { kind: 'unknown', code: error.code }
      expect(error?.outcome).toBe('not-done')
      return { kind: 'not-done', why: error }
    }),
  }
}

/** Resolves when so many of the commands that wait for QEMU have been answered. */
function first(count: number, commands: readonly Given[]): Promise<void> {
  let left = count
  return new Promise(resolve => {
    for (const { what, ending } of commands) {
      if (what !== 'ping') void ending.then(() => --left === 0 && resolve())
    }
  })
}

function bdfAt(slot: number): string {
  return `0a:${slot.toString(16).padStart(2, '0')}.0`
}

function qdevIdAt(slot: number): string {
  return `pci-pt-0000_${bdfAt(slot).replace(':', '_')}`
}

function attachAt(slot: number): string {
  return `pci-attach ${qdevIdAt(slot)}`
}
