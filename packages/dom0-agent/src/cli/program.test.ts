import { readFileSync } from 'node:fs'
import { encodeJson, Layout } from '@stubdom/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureControlDirectory } from '../control/directory.ts'
import { Agent, done, type Handler } from '../testing/agent.ts'
import { Gate } from '../testing/gate.ts'
import { cliIn } from '../testing/run-cli.ts'
import { STUBDOMAIN, World } from '../testing/world.ts'
import { VERSION } from '../version.ts'

const DEVICE = {
  bdf: '0000:03:00.0',
  qdevId: 'pci-pt-0000_03_00.0',
  driver: 'edu',
  guest: { bus: 0, slot: 5, function: 0 },
}
let world: World
beforeEach(async () => {
  world = await World.start()
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
})
afterEach(() => world.stop())

const HANDLERS: Record<string, Handler> = {
  'pci-attach': async args =>
    (args as { bdf: string }).bdf === DEVICE.bdf
      ? done({ ...DEVICE, permissive: true })
      : {
          kind: 'failed',
          error: { code: 'not-assigned', message: 'it is\u202e not here', stage: 'sysfs', outcome: 'not-done' },
        },
  'pci-detach': async () => done({ bdf: DEVICE.bdf, qdevId: DEVICE.qdevId }),
  'pci-list': async () => done({ devices: [DEVICE, { ...DEVICE, bdf: '0000:04:00.0', removalPending: true }] }),
  'dm-stop': async () => done({ runState: 'paused', changed: true }),
  'dm-cont': async () => done({ runState: 'running', changed: false }),
  status: async () =>
    done({
      agent: { version: '0.1.0', uptimeMs: 61_000, window: 32 },
      qemu: { version: '7.2.0', runState: 'running', running: true },
      inFlight: [],
      pendingRemovals: [],
    }),
}

describe('what a person reads', () => {
  test.each<[argv: string[], stdout: string[]]>([
    [['list'], ['Name  ID  Stubdom  Agent  Epoch       State', 'hvm1   6        7  0.1.0  epoch00001  ready']],
    [
      ['pci-attach', 'hvm1', '03:00.0@05,permissive=1'],
      ['0000:03:00.0 is attached to hvm1 at 05.0 (edu, permissive=1)'],
    ],
    [['pci-detach', '6', '03:00.0'], ['0000:03:00.0 is detached from hvm1']],
    [
      ['pci-list', 'hvm1-dm'],
      ['Vdev  Device        Driver  Notes', '05.0  0000:03:00.0  edu', '05.0  0000:04:00.0  edu     removal pending'],
    ],
    [['dm-stop', '7'], ['the device model of hvm1 is paused']],
    [['dm-cont', 'hvm1'], ['the device model of hvm1 is running (it was already)']],
    [
      ['status', 'hvm1'],
      [
        'Domain        hvm1 (domid 6, stubdomain 7)',
        'Agent         0.1.0, up 61 s, takes 32 commands at a time',
        'Device model  QEMU 7.2.0, running (running)',
        'In flight     nothing',
        'Removals      none pending',
      ],
    ],
  ])('%j', async (argv, lines) => {
    await Agent.start(world, HANDLERS)
    const run = await cliIn(world).run(...argv)
    expect(run).toEqual({ exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' })
    expect(await world.requests()).toEqual([])
  })

  test('ping measures one round trip after the other', async () => {
    await Agent.start(world)
    const { stdout, exitCode } = await cliIn(world).run('ping', 'hvm1', '-c', '3')
    expect(exitCode).toBe(0)
    expect(stdout.match(/^answer from hvm1 \(stubdomain 7\): seq=\d time=[\d.]+ ms$/gm)).toHaveLength(3)
    expect(stdout).toMatch(/3 of 3 round trips\nmin\/median\/p99 = [\d.]+\/[\d.]+\/[\d.]+ ms\n$/)
  })

  test('the stage of a long command, on a terminal only', async () => {
    await Agent.start(world, HANDLERS)
    expect((await cliIn(world, { isTTY: true }).run('dm-stop', 'hvm1')).stderr).toContain('stubdomctl: running')
    expect((await cliIn(world, { isTTY: true }).run('dm-stop', 'hvm1', '--json')).stderr).toBe('')
  })

  test('colours on a terminal only, and not with NO_COLOR', async () => {
    await Agent.start(world)
    const list = async (isTTY: boolean, env: NodeJS.ProcessEnv) =>
      (await cliIn(world, { isTTY, env }).run('list')).stdout
    expect(await list(true, {})).toContain('\u001b[')
    expect(await list(true, { NO_COLOR: '1' })).not.toContain('\u001b[')
    expect(await list(false, {})).not.toContain('\u001b[')
  })
})

describe('what a program reads', () => {
  test.each<[argv: string[], document: object]>([
    [['--json', 'pci-attach', 'hvm1', '03:00.0'], { ok: true, id: expect.any(String), result: { bdf: DEVICE.bdf } }],
    [['pci-list', '--json', 'hvm1'], { ok: true, result: { devices: [DEVICE, { removalPending: true }] } }],
    [['list', '--json'], { ok: true, stubdomains: [{ name: 'hvm1', domid: 6, stubdomainDomid: 7, state: 'ready' }] }],
    [
      ['ping', 'hvm1', '-c', '2', '--json'],
      { ok: true, count: 2, minMs: expect.any(Number), p99Ms: expect.any(Number) },
    ],
    [
      ['ls', 'hvm1', '--json'],
      { ok: true, nodes: expect.arrayContaining([expect.objectContaining({ state: 'ready' })]) },
    ],
    [['status', 'hvm1', '--json', '--timeout', '2'], { ok: true, result: { qemu: { running: true } } }],
    [
      ['pci-attach', 'hvm1', '09:00.0', '--json'],
      {
        ok: false,
        exitCode: 1,
        error: {
          code: 'not-assigned',
          message: 'it is? not here',
          outcome: 'not-done',
          stage: 'sysfs',
          id: expect.any(String),
        },
      },
    ],
    [['ping', 'nobody', '--json'], { ok: false, exitCode: 1, error: { code: 'unknown-domain', outcome: 'not-done' } }],
    [['ping', '--json'], { ok: false, exitCode: 2, error: { code: 'usage', outcome: 'not-done' } }],
  ])('%j', async (argv, document) => {
    await Agent.start(world, HANDLERS)
    const run = await cliIn(world).run(...argv)
    expect(run.stderr).toBe('')
    expect(run.stdout).toMatch(/^[^\n]+\n$/)
    expect(JSON.parse(run.stdout)).toMatchObject(document)
    expect(run.exitCode).toBe(JSON.parse(run.stdout).exitCode ?? 0)
  })
})

describe('what cannot be done is said with its reason, a remedy and the right exit code', () => {
  test.each<[argv: string[], exitCode: number, stderr: RegExp]>([
    [
      ['ping', 'nobody'],
      1,
      /^stubdomctl: ping nobody: there is no domain nobody\n {2}there are hvm1 \(6\), hvm1-dm \(7\), plain \(9\)\n$/,
    ],
    [['ping', '99'], 1, /there is no domain 99/],
    [['ping', 'plain'], 1, /^stubdomctl: ping plain: domain plain has no stubdomain.*\n {2}stubdomctl list/],
    [['pci-attach', 'hvm1', '3.0'], 2, /"3.0" is no PCI address.*\n {2}a device is written/],
    [['pci-attach', 'hvm1', '03:00.0@20'], 2, /guest slot "20" is out of range/],
    [['pci-attach', 'hvm1', '03:00.0,colour=red'], 2, /unknown option "colour"; there are permissive/],
    [['pci-detach', 'hvm1', 'x'], 2, /"x" is no PCI address/],
    [
      ['pci-attach', '--plumb', 'hvm1', 'ffff:ff:1f.7'],
      1,
      /: this host has no PCI device ffff:ff:1f.7\n {2}it had come to: host-device\n$/,
    ],
    [
      ['pci-detach', '--plumb', '--plumb-helper', '/nowhere/plumb', 'hvm1', 'ffff:ff:1f.7'],
      1,
      /not everything could be taken back: the assignment: the helper \/nowhere\/plumb cannot be started/,
    ],
    [
      ['pci-attach', 'hvm1', '09:00.0'],
      1,
      /^stubdomctl: pci-attach hvm1: it is\? not here\n {2}it had come to: sysfs\n {2}assign/,
    ],
    [['frobnicate'], 2, /unknown command 'frobnicate'\n {2}stubdomctl --help/],
    [['ping', 'hvm1', '--frob'], 2, /unknown option '--frob'/],
    [['ping', 'hvm1', 'more'], 2, /too many arguments/],
    [['ping', 'hvm1', '--timeout', '-1'], 2, /It must be a number of seconds/],
    [['ping', 'hvm1', '--id', 'x'], 2, /An id has 8 characters/],
    [['ping', 'hvm1', '-c', '0'], 2, /It must be 1 to 100000/],
    [['--id', '0mhabcde-0012345', 'dm-stop', 'hvm1'], 3, /there is no dm-stop with id 0mhabcde-0012345 any more/],
    [
      ['save-state', '--channel', 'file', 'hvm1', '/tmp/x'],
      2,
      /no directory is configured.*\n {2}name it with --save-dir or STUBDOM_SAVE_DIR/,
    ],
    [
      ['save-state', '--channel', 'console', 'hvm1', '/tmp/x'],
      2,
      /console 1 of stubdomain 7 cannot be used: there is no \/local\/domain\/7\/device\/console\/1\/output\n {2}name its end/,
    ],
    [['save-state', '--channel', 'pigeon', 'hvm1', '/tmp/x'], 2, /Allowed choices are auto, file, xenstore, console/],
    [['restore-state', 'hvm1', '/nowhere/x'], 1, /\/nowhere\/x cannot be restored: ENOENT/],
    [['restore-state', 'hvm1', process.execPath], 1, /cannot be restored: (it is not a state|it has \d+ bytes)/],
    [['ls', 'nobody'], 1, /there is no domain nobody/],
  ])('%j', async (argv, exitCode, stderr) => {
    await world.addDomain(9, 'plain')
    await Agent.start(world, HANDLERS)
    const run = await cliIn(world).run(...argv)
    expect(run.stderr).toMatch(stderr)
    expect([run.exitCode, run.stdout]).toEqual([exitCode, ''])
    expect(await world.requests()).toEqual([])
  })

  test('no Xenstore', async () => {
    const run = await cliIn({ daemon: { socketPath: '/nowhere' } }).run('list')
    expect(run.exitCode).toBe(5)
    expect(run.stderr).toMatch(/no Xenstore at \/nowhere: ENOENT; start xenstored/)
  })

  test('no agent: at once when the directory was there, with what the agent said last', async () => {
    const silent = await cliIn(world).run('ping', 'hvm1')
    expect([silent.exitCode, silent.stderr]).toEqual([
      4,
      expect.stringMatching(/no agent has said anything\n {2}start/),
    ])
    const client = await world.inDomain(STUBDOMAIN)
    const status = { v: 1, agent: '0.1.0', epoch: 'epoch00001', stage: 'qemu-gone', error: 'exit code\u0007 1' }
    await client.write(`dm-control/${Layout.status}`, encodeJson(status))
    const told = await cliIn(world).run('ping', 'hvm1')
    expect([told.exitCode, told.stderr]).toEqual([
      4,
      expect.stringMatching(/monitor is gone \(exit code\? 1\)\n {2}see/),
    ])
  })

  test('no version in common: both ranges are named', async () => {
    await Agent.start(world, {}, { v: [2, 3] })
    const run = await cliIn(world).run('ping', 'hvm1')
    expect([run.exitCode, run.stderr]).toEqual([
      1,
      expect.stringMatching(/version 1 .* speaks 2–3\n {2}update stubdomctl/),
    ])
  })
})

describe('an unknown outcome', () => {
  test('is picked up with the command line that is printed, and gives the true result', async () => {
    const free = new Gate()
    const slow: Handler = async () => {
      await free.opened
      return done(DEVICE)
    }
    await Agent.start(world, { 'pci-attach': slow })
    const cli = cliIn(world)
    const run = await cli.run('pci-attach', '--timeout', '0.05', 'hvm1', '03:00.0')
    expect(run.exitCode).toBe(3)
    const line = /^ {2}stubdomctl (.*)$/m.exec(run.stderr)?.[1]?.split(' ') ?? []
    expect(line.slice(0, 4)).toEqual(['--id', expect.any(String), 'pci-attach', '--timeout'])
    free.open()
    const again = await cli.run(...line.slice(0, -2))
    expect(again).toMatchObject({ exitCode: 0, stdout: '0000:03:00.0 is attached to hvm1 at 05.0 (edu)\n' })
    expect(await world.requests()).toEqual([])
  })
})

describe('Ctrl-C', () => {
  test('takes the command back and says so', async () => {
    const cli = cliIn(world)
    const handler: Handler = async (_args, { aborted }) => {
      cli.interrupt()
      await aborted
      return { kind: 'cancelled' }
    }
    await Agent.start(world, { 'dm-stop': handler })
    const run = await cli.run('dm-stop', 'hvm1')
    expect(run.exitCode).toBe(1)
    expect(run.stderr).toMatch(
      /cancelling .*\nstubdomctl: dm-stop hvm1: the command was cancelled; nothing was done\n$/,
    )
    expect(await world.requests()).toEqual([])
  })

  test('a second time leaves it alone, and names its id', async () => {
    const cli = cliIn(world)
    const handler: Handler = async () => {
      cli.interrupt()
      cli.interrupt()
      return new Promise(() => {})
    }
    await Agent.start(world, { 'dm-stop': handler })
    const run = await cli.run('dm-stop', 'hvm1', '--json')
    const [request] = await world.requests()
    expect(JSON.parse(run.stdout)).toMatchObject({
      exitCode: 3,
      error: { outcome: 'unknown', id: request?.split('/').at(-1) },
    })
  })
})

describe('help', () => {
  test.each<[argv: string[], text: string]>([
    [['--help'], 'outcome unknown: no final answer came in time'],
    [['save-state', '--help'], 'no RAM (xl save saves a guest): do not destroy a guest after it'],
    [['dm-stop', '--help'], 'the guest’s vCPUs belong to Xen (xl pause)'],
    [['--version'], VERSION],
  ])('%j', async (argv, text) => {
    expect(await cliIn(world).run(...argv)).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: expect.stringContaining(text),
    })
  })

  test('the version is the package’s', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(VERSION).toBe(manifest.version)
  })
})
