import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureControlDirectory } from '../control/directory.ts'
import type { CommandFailedError } from '../errors.ts'
import type { Stubdomain } from '../stubdomain.ts'
import { Agent, done, type Handler } from '../testing/agent.ts'
import { Gate } from '../testing/gate.ts'
import { BACKEND, PlumbedHost } from '../testing/plumbed-host.ts'
import { GUEST, STUBDOMAIN, World } from '../testing/world.ts'

const BDF = '0000:03:00.0'
const RECORD = '/libxl/pci/0000-03-00-0'
const DEVICE = { bdf: BDF, qdevId: 'pci-pt-0000_03_00.0', driver: 'xen-pci-passthrough' }

/** What gives the device to one domain, and what takes it back, the last first. */
const granted = (domid: number) => [
  `iomem ${domid} 1042944 1 allow`,
  `ioport ${domid} 49152 32 allow`,
  `irq ${domid} 17 allow`,
]
const revoked = (domid: number) =>
  granted(domid)
    .map(line => line.replace('allow', 'deny'))
    .toReversed()
const LAID = [`test-assign 6 ${BDF}`, ...granted(7), ...granted(6), `assign 6 ${BDF} relaxed`]

let world: World
let host: PlumbedHost
let stubdomain: Stubdomain

beforeEach(async () => {
  world = await World.start()
  host = await PlumbedHost.start(world)
  await host.addDevice(BDF, 'pciback')
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
  const dom0 = await world.connect({ plumbHelper: host.helper.program, sysfs: host.sysfs })
  stubdomain = await dom0.stubdomain(GUEST)
})
afterEach(async () => {
  const helpers = await host.helper.processes()
  await world.stop()
  // However a command ended, and with the connection still there.
  if (helpers.includes(true)) throw new Error('a process of the helper is left')
})

/** The state of the host at the moment when the device model is told. */
async function agentThat(attach: Handler, detach: Handler = async () => done({ bdf: BDF, qdevId: DEVICE.qdevId })) {
  await Agent.start(world, { 'pci-attach': attach, 'pci-detach': detach })
}

const attaches: Handler = async () => done(DEVICE)
const fails =
  (outcome: 'not-done' | 'partly', code: 'qemu-error' | 'device-not-found' = 'qemu-error'): Handler =>
  async () => ({ kind: 'failed', error: { code, message: 'no', outcome } })

/** Nothing of a hot-plug stands any more. */
async function expectNothing(): Promise<void> {
  expect(await host.backend()).toEqual({})
  expect(await world.dom0.exists(`${RECORD}/domid`)).toBe(false)
}

describe('an attach', () => {
  test('permits everything before the device model hears of the device', async () => {
    let before: string[] = []
    await agentThat(async args => {
      before = await host.helper.requests()
      expect(args).toEqual({ bdf: BDF, slot: 5, permissive: true })
      return done(DEVICE)
    })
    const args = { bdf: '03:00.0', slot: 5, permissive: true, msitranslate: true, rdm_policy: 'strict' } as const
    const { device, plumbing } = await stubdomain.pciAttachPlumbed(args).result
    expect(device).toEqual(DEVICE)
    expect(before).toEqual([...LAID.slice(0, -1), `assign 6 ${BDF} strict`])
    expect(plumbing).toMatchObject({
      backend: BACKEND,
      interrupt: 17,
      reset: true,
      ranges: [
        { kind: 'memory', first: 0xfea00, count: 1 },
        { kind: 'ports', first: 0xc000, count: 32 },
      ],
      notes: [expect.stringContaining('reboots'), expect.stringContaining('xl pci-list')],
    })
    expect(await host.backend()).toMatchObject({
      num_devs: '1',
      state: '4',
      'dev-0': BDF,
      'opts-0': 'msitranslate=1,power_mgmt=0,permissive=1,rdm_policy=strict',
    })
    expect(await world.dom0.readText(`${RECORD}/domid`)).toBe('6')
    expect(await host.written('permissive')).toBe(BDF)
  })

  test('has pciback let the stubdomain switch the device’s interrupts, before the device model hears of it', async () => {
    let before = ''
    await agentThat(async () => {
      before = await host.written('allow_interrupt_control')
      return done(DEVICE)
    })
    const { plumbing } = await stubdomain.pciAttachPlumbed({ bdf: BDF }).result
    expect(before).toBe(BDF)
    expect(await host.written('permissive')).toBe('')
    expect(plumbing?.notes).not.toContainEqual(expect.stringContaining('MSI'))
  })

  test('says so where pciback cannot let it', async () => {
    await host.forgetInterruptControl()
    await agentThat(attaches)
    const { plumbing } = await stubdomain.pciAttachPlumbed({ bdf: BDF }).result
    expect(plumbing?.notes).toContainEqual(expect.stringContaining('does not let a stubdomain switch MSI on'))
  })

  test('a second device goes into the same backend', async () => {
    await host.addDevice('0000:04:00.0', 'pciback')
    await agentThat(attaches)
    await stubdomain.pciAttachPlumbed({ bdf: BDF }).result
    await stubdomain.pciAttachPlumbed({ bdf: '0000:04:00.0' }).result
    expect(await host.backend()).toMatchObject({ num_devs: '2', 'dev-0': BDF, 'dev-1': '0000:04:00.0' })
    await stubdomain.pciDetachPlumbed({ bdf: BDF }).result
    const { 'dev-0': first, 'dev-1': second, num_devs } = await host.backend()
    expect([num_devs, first, second]).toEqual(['1', '0000:04:00.0', undefined])
  })

  test('takes a device from its driver if it is told to, and says so where xl looks', async () => {
    await host.addDevice('0000:05:00.0', 'e1000e')
    await agentThat(attaches)
    await stubdomain.pciAttachPlumbed({ bdf: '0000:05:00.0', seize: true }).result
    expect(await host.written('unbind', 'e1000e')).toBe('0000:05:00.0')
    expect(await host.written('new_slot')).toBe('0000:05:00.0')
    expect(await host.written('bind')).toBe('0000:05:00.0')
    expect((await host.helper.requests())[0]).toBe('quarantine 0000:05:00.0')
    expect(await world.dom0.readText('/libxl/pci/0000-05-00-0/driver_path')).toMatch(/drivers\/e1000e$/)
  })
})

test('each command has one process of the helper, and it has ended with the command', async () => {
  await agentThat(attaches)
  await stubdomain.pciAttachPlumbed({ bdf: BDF }).result
  expect(await host.helper.processes()).toEqual([false])
  await stubdomain.pciDetachPlumbed({ bdf: BDF }).result
  expect(await host.helper.processes()).toEqual([false, false])
})

describe('an attach that fails', () => {
  test.each([
    ['test-assign', 'test-assign', 'test-assign', []],
    ['the second range of the stubdomain', '^ioport 7 .* allow', 'stubdomain-permissions', [revoked(7).at(-1)]],
    ['the interrupt of the guest', '^irq 6 .* allow', 'guest-permissions', [...revoked(6).slice(1), ...revoked(7)]],
    ['the assignment', '^assign', 'assign', [...revoked(6), ...revoked(7)]],
  ])('at %s leaves the host as it was', async (_, refused, step, undone) => {
    await agentThat(attaches)
    await host.helper.refuse(refused)
    const error = await stubdomain.pciAttachPlumbed({ bdf: BDF }).result.catch(caught => caught)
    expect(error).toMatchObject({
      name: 'PlumbingError',
      outcome: 'not-done',
      message: expect.stringMatching(/not permitted/),
    })
    expect(error.step).toBe(step)
    const calls = await host.helper.requests()
    expect(calls.filter(call => /deny|deassign/.test(call))).toEqual(undone)
    await expectNothing()
  })

  test('since the helper died is taken back with another one', async () => {
    await agentThat(attaches)
    await host.helper.goWrong('^assign', 'kill -9 $$')
    await expect(stubdomain.pciAttachPlumbed({ bdf: BDF }).result).rejects.toMatchObject({
      name: 'PlumbingError',
      step: 'assign',
      outcome: 'not-done',
      message: expect.stringMatching(/ended with SIGKILL$/),
    })
    expect(await host.helper.requests()).toEqual([...LAID, ...revoked(6), ...revoked(7)])
    expect(await host.helper.processes()).toEqual([false, false])
    await expectNothing()
  })

  test('in the device model leaves the host as it was', async () => {
    await agentThat(fails('not-done'))
    const error: CommandFailedError = await stubdomain.pciAttachPlumbed({ bdf: BDF }).result.catch(caught => caught)
    expect(error).toMatchObject({ name: 'CommandFailedError', code: 'qemu-error', outcome: 'not-done' })
    expect(await host.helper.requests()).toEqual([...LAID, `deassign 6 ${BDF}`, ...revoked(6), ...revoked(7)])
    await expectNothing()
  })

  test('since the stubdomain ended meanwhile has nothing left to take back from it', async () => {
    await agentThat(async (...command) => {
      await host.helper.refuse('^(iomem|ioport|irq) 7 .* deny', 3)
      return fails('not-done')(...command)
    })
    await expect(stubdomain.pciAttachPlumbed({ bdf: BDF }).result).rejects.toMatchObject({ outcome: 'not-done' })
    await expectNothing()
  })

  test('gives a device that it seized back to dom0 and its driver', async () => {
    await host.addDevice('0000:05:00.0', 'e1000e')
    await agentThat(fails('not-done'))
    const { result } = stubdomain.pciAttachPlumbed({ bdf: '0000:05:00.0', seize: true })
    await expect(result).rejects.toMatchObject({ name: 'CommandFailedError', outcome: 'not-done' })
    expect((await host.helper.requests()).at(-1)).toBe('unquarantine 0000:05:00.0')
    expect(await host.written('remove_slot')).toBe('0000:05:00.0')
    expect(await host.written('bind', 'e1000e')).toBe('0000:05:00.0')
    expect(await world.dom0.exists('/libxl/pci/0000-05-00-0/driver_path')).toBe(false)
  })

  test('and cannot be taken back says what is left', async () => {
    await agentThat(fails('not-done'))
    await host.helper.refuse('^deassign')
    await expect(stubdomain.pciAttachPlumbed({ bdf: BDF }).result).rejects.toMatchObject({
      name: 'PlumbingError',
      step: 'device-model',
      outcome: 'partly',
      message: expect.stringMatching(/could not be taken back: the assignment/),
    })
    expect((await host.helper.requests()).slice(-6)).toEqual([...revoked(6), ...revoked(7)])
  })

  test.each<[string, Handler, string]>([
    ['done in part', fails('partly'), 'CommandFailedError'],
    ['unknown', () => new Promise(() => {}), 'OutcomeUnknownError'],
  ])('with an outcome that is %s leaves the device model what it may have', async (_, handler, name) => {
    await agentThat(handler)
    const { result } = stubdomain.pciAttachPlumbed({ bdf: BDF }, { timeoutMs: 1_000, graceMs: 10 })
    await expect(result).rejects.toMatchObject({ name })
    expect(await host.helper.requests()).toEqual(LAID)
    expect(await host.backend()).toMatchObject({ num_devs: '1' })
  })

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['the host does not have it', async () => {}, /this host has no PCI device 0000:09:00.0/],
    ['pciback does not have it', () => host.addDevice('0000:09:00.0', 'e1000e'), /pciback does not have 0000:09:00.0/],
    [
      'another guest has it',
      async () => {
        await host.addDevice('0000:09:00.0', 'pciback')
        await world.addDomain(9, 'other')
        await world.dom0.write('/libxl/pci/0000-09-00-0/domid', '9')
      },
      /given to domain 9 already/,
    ],
  ])('since %s: nothing is touched', async (_, arrange, message) => {
    await arrange()
    await agentThat(attaches)
    await expect(stubdomain.pciAttachPlumbed({ bdf: '09:00.0' }).result).rejects.toMatchObject({
      outcome: 'not-done',
      message: expect.stringMatching(message),
    })
    expect(await host.helper.requests()).toEqual([])
    expect(await host.backend()).toEqual({})
  })

  test('since no agent is there: nothing is touched', async () => {
    await expect(stubdomain.pciAttachPlumbed({ bdf: BDF }).result).rejects.toMatchObject({ name: 'NoAgentError' })
    expect(await host.helper.requests()).toEqual([])
  })

  test('since the helper is missing: it says how to get it', async () => {
    await agentThat(attaches)
    const dom0 = await world.connect({ plumbHelper: '/nowhere/stubdom-plumb', sysfs: host.sysfs })
    const other = await dom0.stubdomain(GUEST)
    await expect(other.pciAttachPlumbed({ bdf: BDF }).result).rejects.toMatchObject({
      name: 'PlumbingError',
      remedy: expect.stringMatching(/libxenctrl/),
    })
    await expectNothing()
  })

  test('since it was recorded for a domain that is gone: that does not count', async () => {
    await world.dom0.write(`${RECORD}/domid`, '9')
    await agentThat(attaches)
    await stubdomain.pciAttachPlumbed({ bdf: BDF }).result
    expect(await world.dom0.readText(`${RECORD}/domid`)).toBe('6')
  })
})

describe('an attach for which the two ends do not come together', () => {
  beforeEach(() => {
    host.connects = false
  })

  test('fails in time, says how far each end is, and leaves nothing', async () => {
    await agentThat(attaches)
    const error = await stubdomain.pciAttachPlumbed({ bdf: BDF }, { timeoutMs: 200 }).result.catch(caught => caught)
    expect(error).toMatchObject({ name: 'PlumbingError', step: 'backend', outcome: 'not-done' })
    expect(error.message).toMatch(/did not connect within 200 ms: its state is 1, pcifront’s 1/)
    await expectNothing()
  })

  /** Resolves when there is a backend. */
  async function waitsForPciback(): Promise<void> {
    const gate = new Gate()
    const states = world.dom0.watch(`${BACKEND}/state`).subscribe(() => {
      void world.dom0.exists(`${BACKEND}/state`).then(there => there && gate.open())
    })
    await gate.opened
    states.unsubscribe()
  }

  test('ends with the stubdomain, and leaves nothing', async () => {
    await agentThat(attaches)
    const { result } = stubdomain.pciAttachPlumbed({ bdf: BDF }, { timeoutMs: 600_000 })
    result.catch(() => undefined)
    await waitsForPciback()
    await world.destroy(STUBDOMAIN)
    await expect(result).rejects.toMatchObject({
      name: 'CommandFailedError',
      code: 'domain-gone',
      outcome: 'not-done',
      stage: 'backend',
    })
    await expectNothing()
  })

  test('can be cancelled meanwhile', async () => {
    await agentThat(attaches)
    const command = stubdomain.pciAttachPlumbed({ bdf: BDF })
    await waitsForPciback()
    command.cancel()
    await expect(command.result).rejects.toMatchObject({ name: 'CommandCancelledError' })
    await expectNothing()
  })
})

describe('a detach', () => {
  test('takes everything back once the device model has no device any more', async () => {
    let before: string[] = []
    await agentThat(attaches, async () => {
      before = await host.helper.requests()
      return done({ bdf: BDF, qdevId: DEVICE.qdevId })
    })
    await stubdomain.pciAttachPlumbed({ bdf: BDF }).result
    await expect(stubdomain.pciDetachPlumbed({ bdf: BDF }).result).resolves.toEqual({ bdf: BDF, detached: true })
    expect(before).toEqual(LAID)
    expect((await host.helper.requests()).slice(LAID.length)).toEqual([
      ...revoked(6),
      `deassign 6 ${BDF}`,
      ...revoked(7),
    ])
    await expectNothing()
  })

  test('of a device that only the host has left takes that back', async () => {
    await agentThat(attaches, fails('not-done', 'device-not-found'))
    await stubdomain.pciAttachPlumbed({ bdf: BDF }).result
    await expect(stubdomain.pciDetachPlumbed({ bdf: BDF }).result).resolves.toEqual({ bdf: BDF, detached: false })
    await expectNothing()
  })

  test('of a device that is not this guest’s fails, and touches nothing', async () => {
    await agentThat(attaches, fails('not-done', 'device-not-found'))
    await expect(stubdomain.pciDetachPlumbed({ bdf: BDF }).result).rejects.toMatchObject({ code: 'device-not-found' })
    expect(await host.helper.requests()).toEqual([])
  })

  test('that the guest refuses leaves everything as it is', async () => {
    await agentThat(attaches, fails('not-done'))
    await stubdomain.pciAttachPlumbed({ bdf: BDF }).result
    await expect(stubdomain.pciDetachPlumbed({ bdf: BDF }).result).rejects.toMatchObject({ code: 'qemu-error' })
    expect(await host.helper.requests()).toEqual(LAID)
  })

  test('goes on after a step that fails, and says which', async () => {
    await agentThat(attaches)
    await stubdomain.pciAttachPlumbed({ bdf: BDF }).result
    await host.helper.refuse('^deassign')
    await expect(stubdomain.pciDetachPlumbed({ bdf: BDF }).result).rejects.toMatchObject({
      outcome: 'partly',
      message: expect.stringMatching(/the assignment: deassign: Operation not permitted/),
    })
    await expectNothing()
  })
})
