import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QmpClient, type QmpEvent, QmpTimeoutError } from '@stubdom/qmp'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Qemu } from './qemu.ts'
import { qtest } from './qtest.ts'
import { type QemuOptions, QemuStartError, startQemu } from './start.ts'

let dir: string
let started: Qemu[]
let clients: QmpClient[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'qemu-'))
  started = []
  clients = []
})

afterEach(async () => {
  await Promise.all(clients.map(client => client.close()))
  await Promise.all(started.map(qemu => qemu.stop()))
  rmSync(dir, { recursive: true })
})

async function start(options: Partial<QemuOptions> = {}): Promise<Qemu> {
  const qemu = await startQemu({ dir, ...options })
  started.push(qemu)
  return qemu
}

async function monitor(path: string): Promise<QmpClient> {
  const client = await QmpClient.connect({ path })
  clients.push(client)
  return client
}

/** Collects the devices that QEMU reports deleted; `all(n)` resolves when there are n. */
function deletions(client: QmpClient): { seen: string[]; all: (count: number) => Promise<string[]> } {
  const seen: string[] = []
  const all = (count: number) =>
    new Promise<string[]>(resolve => {
      const look = () => seen.length >= count && resolve(seen.toSorted())
      client.events.subscribe(look)
      look()
    })
  client.events.subscribe(({ event, data }: QmpEvent) => {
    if (event === 'DEVICE_DELETED' && typeof data['device'] === 'string') seen.push(data['device'])
  })
  return { seen, all }
}

const WAIT = { timeout: 10_000 }

const edu = (id: string, addr: string) => ({ driver: 'edu', id, addr })

describe('a cooperative guest', () => {
  test('ejects the device that QEMU asks it to eject', async () => {
    const qemu = await start()
    const agent = await monitor(qemu.qmpPath)
    const { all } = deletions(await monitor(qemu.testQmpPath))
    await agent.execute('device_add', edu('one', '5'))
    await agent.execute('device_del', { id: 'one' })
    expect(await all(1)).toEqual(['one'])
  })

  test('ejects three devices asked for at once, and leaves the fourth alone', async () => {
    const qemu = await start()
    const agent = await monitor(qemu.qmpPath)
    const { all } = deletions(await monitor(qemu.testQmpPath))
    const ids = ['a', 'b', 'c', 'd']
    await Promise.all(ids.map((id, i) => agent.execute('device_add', edu(id, String(5 + i)))))
    await Promise.all(['c', 'a', 'b'].map(id => agent.execute('device_del', { id })))
    expect(await all(3)).toEqual(['a', 'b', 'c'])
    expect(await devices(agent)).toEqual(['d'])
  })

  test('paused at start, answers after cont', async () => {
    const qemu = await start({ guest: 'paused-at-start', extraArgs: ['-device', 'edu,id=early,addr=5'] })
    const agent = await monitor(qemu.qmpPath)
    const { seen, all } = deletions(agent)
    await agent.execute('device_del', { id: 'early' })
    expect(await agent.execute('query-status')).toMatchObject({ status: 'prelaunch', running: false })
    expect(seen).toEqual([])
    await agent.execute('cont')
    expect(await all(1)).toEqual(['early'])
  })
})

describe('a silent guest', () => {
  test('keeps the device until the test ejects it', async () => {
    const qemu = await start({ guest: 'silent' })
    const agent = await monitor(qemu.qmpPath)
    const { seen, all } = deletions(agent)
    await agent.execute('device_add', edu('kept', '7'))
    await agent.execute('device_del', { id: 'kept' })
    await bootedGuest(qemu)
    expect(await devices(agent)).toEqual(['kept'])
    expect(seen).toEqual([])
    await qemu.eject(7)
    expect(await all(1)).toEqual(['kept'])
    expect(await devices(agent)).toEqual([])
  })

  test.each([-1, 1, 32, 2.5])('has no slot %d to eject', async slot => {
    const qemu = await start({ guest: 'silent' })
    await expect(qemu.eject(slot)).rejects.toThrow(RangeError)
  })
})

test.each(['edu', 'pci-testdev'])('a %s attaches in the slot asked for, which then is taken', async driver => {
  const qemu = await start()
  const agent = await monitor(qemu.qmpPath)
  await agent.execute('device_add', { driver, id: 'dev', addr: '9' })
  expect(await agent.execute('query-pci')).toMatchObject([
    { devices: expect.arrayContaining([expect.objectContaining({ slot: 9, qdev_id: 'dev' })]) },
  ])
  await expect(agent.execute('device_add', { driver, id: 'second', addr: '9' })).rejects.toThrow('in use by')
})

describe('a QEMU', () => {
  test('that is paused gives no greeting, and does when it is resumed', async () => {
    const qemu = await start()
    await qemu.pause()
    const hanging = QmpClient.connect({ path: qemu.qmpPath, timeoutMs: 100 })
    await expect(hanging).rejects.toBeInstanceOf(QmpTimeoutError)
    qemu.resume()
    const agent = await monitor(qemu.qmpPath)
    expect(agent.greeting.qemu.major).toBeGreaterThanOrEqual(7)
  })

  test.each(['running', 'paused'])('that is %s leaves no process behind when stopped, twice', async how => {
    const qemu = await start()
    if (how === 'paused') await qemu.pause()
    await qemu.stop()
    expect(existsSync(`/proc/${qemu.pid}`)).toBe(false)
    expect(await qemu.exited).toEqual({ code: null, signal: 'SIGKILL' })
    await qemu.stop()
  })

  test('that quits says so', async () => {
    const qemu = await start()
    const agent = await monitor(qemu.qmpPath)
    await agent.execute('quit')
    expect(await qemu.exited).toEqual({ code: 0, signal: null })
  })

  test('shares its directory with another of a different name', async () => {
    const [first, second] = await Promise.all([start(), start({ name: 'b' })])
    expect(second.qmpPath).toBe(join(dir, 'b-qmp.sock'))
    expect(second.pid).not.toBe(first.pid)
  })

  test('can be started again where one was killed', async () => {
    const first = await start()
    await first.stop()
    const second = await start()
    expect(await (await monitor(second.qmpPath)).execute('query-status')).toMatchObject({ running: true })
  })

  test('dies with the process that started it, even when that is killed', async () => {
    const script = `import { startQemu } from ${JSON.stringify(import.meta.resolve('./start.ts'))}
      console.log((await startQemu({ dir: ${JSON.stringify(dir)} })).pid)`
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pid = await new Promise<string>(resolve => owner.stdout.once('data', data => resolve(String(data).trim())))
    expect(runs(pid)).toBe(true)
    owner.kill('SIGKILL')
    await expect.poll(() => runs(pid), WAIT).toBe(false)
  })

  test('still has its fdset for the first who connects, though somebody looked whether it is up', async () => {
    const fd = openSync(join(dir, 'state'), 'w')
    const qemu = await start({ fds: [fd], extraArgs: ['-add-fd', 'fd=3,set=1,opaque=save'] })
    closeSync(fd)
    const agent = await monitor(qemu.qmpPath)
    expect(await agent.execute('query-fdsets')).toMatchObject([{ 'fdset-id': 1 }])
  })

  test('goes on from the device state that another has saved', async () => {
    const state = join(dir, 'state')
    const writing = openSync(state, 'w')
    const first = await start({ guest: 'silent', fds: [writing], extraArgs: ['-add-fd', 'fd=3,set=1'] })
    closeSync(writing)
    const saver = await monitor(first.qmpPath)
    await saver.execute('xen-save-devices-state', { filename: '/dev/fdset/1' })
    await first.stop()
    expect(readFileSync(state).subarray(0, 4).toString()).toBe('QEVM')

    const reading = openSync(state, 'r')
    const second = await start({ guest: 'silent', name: 'b', fds: [reading], extraArgs: ['-incoming', 'fd:3'] })
    closeSync(reading)
    const loader = await monitor(second.qmpPath)
    await expect.poll(() => loader.execute('query-status'), WAIT).toMatchObject({ status: 'running' })
    expect(await loader.execute('query-migrate')).toMatchObject({ status: 'completed' })
  })
})

describe('startQemu says what is wrong', () => {
  test('when QEMU is not installed', async () => {
    const failed = startQemu({ dir, program: 'qemu-system-none' })
    await expect(failed).rejects.toThrow(
      'qemu-system-none is not installed; on Debian: apt-get install qemu-system-x86',
    )
    await expect(failed).rejects.toBeInstanceOf(QemuStartError)
  })

  test('when QEMU refuses its arguments', async () => {
    const failed = startQemu({ dir, extraArgs: ['-device', 'no-such-device'] })
    await expect(failed).rejects.toThrow(/exit code 1\n.*'no-such-device' is not a valid device model name/s)
  })

  test('when it does not answer in time', async () => {
    await expect(startQemu({ dir, program: '/bin/cat', timeoutMs: 0 })).rejects.toThrow('no answer within 0 ms')
  })
})

async function devices(client: QmpClient): Promise<unknown> {
  const list = (await client.execute('qom-list', { path: '/machine/peripheral' })) as { name: string; type: string }[]
  return list.filter(({ type }) => type.startsWith('child<')).map(({ name }) => name)
}

/** The BIOS has put the boot sector where it runs: `sti; hlt; jmp`. */
async function bootedGuest(qemu: Qemu): Promise<void> {
  await expect.poll(() => qtest(qemu.qtestPath, 'readl 0x7c00'), WAIT).toBe('OK 0x00000000fdebf4fb')
}

/** A zombie does not count: whoever inherits it may take its time. */
function runs(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
