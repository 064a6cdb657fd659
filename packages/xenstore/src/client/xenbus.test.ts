import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { firstValueFrom } from 'rxjs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { acl } from '../acl.ts'
import { EmbeddedXenstored } from '../server/embedded.ts'
import { Op } from '../wire/messages.ts'
import { type CharacterDevice, openCharacterDevice } from './character-device.ts'
import { XenstoreClient } from './client.ts'
import { openWithPipeHandle } from './pipe-handle.ts'
import { openWithReadingChild } from './reading-child.ts'
import { type DeviceRules, withDeviceRules } from './testing/device-rules.ts'
import { buildPty, XenbusDevice } from './testing/xenbus-device.ts'
import { openXenbus } from './xenbus.ts'

const hasCompiler = (process.env['PATH'] ?? '').split(':').some(directory => existsSync(`${directory}/gcc`))
if (!hasCompiler && process.env['CI'] === 'true') throw new Error('gcc is missing: apt-get install gcc libc6-dev')
if (!hasCompiler) console.warn('Skipped: gcc is not installed (apt-get install gcc libc6-dev)')

const DATA = '/local/domain/7/data'

/** 4,096 bytes, less the header of 16, the path and its NUL. */
const LARGEST_VALUE = 4096 - 16 - `${DATA}/x`.length - 1

let pty: Awaited<ReturnType<typeof buildPty>>
let daemon: EmbeddedXenstored
let device: XenbusDevice
let rules: DeviceRules
const clients: XenstoreClient[] = []

beforeAll(async () => {
  if (!hasCompiler) return
  pty = await buildPty()
  daemon = await EmbeddedXenstored.start({ quotas: { nodeBytes: 10_000 } })
  await daemon.createDomain(7)
  const dom0 = await XenstoreClient.connect({ path: daemon.socketPath })
  await dom0.mkdir(DATA)
  await dom0.setPermissions(DATA, acl(7))
  await dom0.introduce(7, 1, 1)
  await dom0.close()
})
afterAll(async () => {
  await daemon?.stop()
  await pty?.remove()
})
beforeEach(async () => {
  if (hasCompiler) device = await XenbusDevice.start(pty.program, daemon.domainSocketPath(7))
  rules = { watchesLeft: 100, takes: 4096, fault: () => undefined, dropped: 0 }
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close()))
  await device?.stop()
})

type Open = (path: string) => CharacterDevice | undefined

async function connectOver(open: Open, properties: { maxPayload?: number } = {}): Promise<XenstoreClient> {
  const openWithRules = (path: string): CharacterDevice => {
    const opened = open(path)
    if (!opened) throw new Error('This Node has no Pipe handle')
    return withDeviceRules(opened, rules)
  }
  const transport = Object.assign(openXenbus(device.path, openWithRules), properties)
  const client = await XenstoreClient.connect({ transport })
  clients.push(client)
  return client
}

describe.skipIf(!hasCompiler).each([
  ['a Pipe handle', openWithPipeHandle],
  ['a child that reads', openWithReadingChild],
])('a device over %s', (_name, open) => {
  test('nodes, 64 requests at a time', async () => {
    const client = await connectOver(open)
    const paths = Array.from({ length: 64 }, (_, index) => `data/${index}`)
    await Promise.all(paths.map(path => client.write(path, `of ${path}`)))
    const values = await Promise.all(paths.map(path => client.readText(path)))
    expect(values).toEqual(paths.map(path => `of ${path}`))
    await client.rm('data/1')
    await expect(client.read('data/1')).rejects.toMatchObject({ errno: 'ENOENT' })
    await expect(client.write('/elsewhere', '')).rejects.toMatchObject({ errno: 'EACCES' })
    expect(rules.dropped).toBe(0)
    expect(device.overlapping).toBe(0)
  })

  test('the largest value of all, there and back, and nothing larger', async () => {
    const client = await connectOver(open)
    const value = Buffer.alloc(LARGEST_VALUE, 'x')
    await client.write(`${DATA}/x`, value)
    await expect(client.read(`${DATA}/x`)).resolves.toEqual(value)
    const tooLarge = client.write(`${DATA}/x`, `${value}x`)
    await expect(tooLarge).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/limit is 4080/) })
    await expect(client.exists(DATA)).resolves.toBe(true)
  })

  test('watches, whose first event comes before the reply', async () => {
    const client = await connectOver(open)
    const seen: string[] = []
    const changed = new Promise<void>((resolve, reject) => {
      client.watch('data').subscribe({ next: path => void (seen.push(path) === 3 && resolve()), error: reject })
    })
    await client.write('data/a', '1')
    await client.rm('data/a')
    await changed
    expect(seen).toEqual(['data', 'data/a', 'data/a'])
    await expect(firstValueFrom(client.watch('data'))).resolves.toBe('data')
    await client.read('data')
    expect(device.requests.filter(type => type === Op.UNWATCH)).toHaveLength(1)
  })

  test('transactions', async () => {
    const client = await connectOver(open)
    await client.write('data/count', '0')
    const count = (): Promise<void> =>
      client.transaction(async tx => tx.write('data/count', String(1 + Number(await tx.readText('data/count')))))
    await Promise.all([count(), count(), count()])
    await expect(client.readText('data/count')).resolves.toBe('3')
  })

  test('several messages in one read', async () => {
    const sizes: number[] = []
    const client = await connectOver(path => recordingReads(open(path), sizes))
    const seen: string[] = []
    const subscription = client.watch('data').subscribe(path => seen.push(path))
    await client.exists('data')
    device.hold()
    sizes.length = 0
    const writing = client.write('data/a', '1')
    await vi.waitFor(() => expect(device.held).toBe(2))
    device.release()
    await writing
    expect(sizes).toHaveLength(1)
    await vi.waitFor(() => expect(seen).toEqual(['data', 'data/a']))
    subscription.unsubscribe()
  })

  test('close ends it at once, with a read pending and requests without a reply', async () => {
    const client = await connectOver(open)
    device.hold()
    const pending = client.read('data').catch((error: unknown) => error)
    await client.close()
    expect(await pending).toMatchObject({ code: 'closed' })
    await expect(client.closed).resolves.toBeUndefined()
    await expect(client.read('data')).rejects.toMatchObject({ code: 'closed' })
    await vi.waitFor(() => expect(readers()).toEqual([]))
  })

  test('a device that vanishes is a connection that is lost', async () => {
    const client = await connectOver(open)
    await client.read('data')
    await device.stop()
    await expect(client.closed).resolves.toMatchObject({ code: 'lost' })
    await expect(client.read('data')).rejects.toMatchObject({ code: 'lost' })
  })

  test.each<[how: string, code: number | null, script: string]>([
    ['at its natural end, once closed', 0, 'await client.close()'],
    ['by process.exit', 7, 'process.exit(7)'],
    [
      'by process.exit in a handler of SIGTERM',
      8,
      'process.on("SIGTERM", () => process.exit(8)); process.kill(process.pid)',
    ],
    ['killed', null, 'process.kill(process.pid, "SIGKILL")'],
  ])('a process with a read pending ends: %s', async (_how, code, script) => {
    const child = runClient(open.name, script)
    const output: Buffer[] = []
    child.stderr.on('data', bytes => output.push(bytes))
    const [exitCode] = await once(child, 'close')
    expect({ exitCode, stderr: `${Buffer.concat(output)}` }).toEqual({ exitCode: code, stderr: '' })
    await vi.waitFor(() => expect(readers()).toEqual([]))
  })
})

describe.skipIf(!hasCompiler)('what write(2) refuses', () => {
  test('a watch over the quota is E2BIG for that watch, and nothing else', async () => {
    rules.watchesLeft = 2
    const client = await connectOver(openCharacterDevice)
    const refusal = { code: 'reply', errno: 'E2BIG', operation: 'WATCH', path: 'data/c' }
    const watches = ['data/a', 'data/b', 'data/c'].map(path => firstValueFrom(client.watch(path)))
    await expect(watches[2]).rejects.toMatchObject(refusal)
    await expect(Promise.all(watches.slice(0, 2))).resolves.toEqual(['data/a', 'data/b'])
    await expect(client.exists('data')).resolves.toBe(true)
    expect(device.requests.filter(type => type === Op.UNWATCH)).toHaveLength(2)
  })

  test('a message too large is EINVAL for that request, and nothing else', async () => {
    const client = await connectOver(openCharacterDevice, { maxPayload: 5_000 })
    const path = `${DATA}/x`
    const value = Buffer.alloc(LARGEST_VALUE + 1)
    const [write, read] = await Promise.allSettled([client.write(path, value), client.exists(DATA)])
    expect(write).toMatchObject({ reason: { code: 'reply', errno: 'EINVAL', operation: 'WRITE', path } })
    expect(read).toMatchObject({ value: true })
  })

  test('a device that is full (EAGAIN) is tried until it is not, and nothing is lost, doubled or out of order', async () => {
    let writes = 0
    rules.fault = () => (++writes % 3 === 0 ? undefined : 'EAGAIN')
    rules.takes = 3_000
    const client = await connectOver(openCharacterDevice)
    const values = Array.from({ length: 64 }, (_, index) => `${index}:`.padEnd(LARGEST_VALUE, '.'))
    const path = `${DATA}/x`
    const writing = []
    const reading = []
    for (const value of values) {
      writing.push(client.write(path, value))
      reading.push(client.readText(path))
    }
    await Promise.all(writing)
    await expect(Promise.all(reading)).resolves.toEqual(values)
    expect(device.requests).toHaveLength(128)
  })

  test('close ends the wait for a full device', async () => {
    rules.fault = () => 'EAGAIN'
    const client = await connectOver(openCharacterDevice)
    const pending = client.read('data').catch((error: unknown) => error)
    await client.close()
    expect(await pending).toMatchObject({ code: 'closed' })
    expect(device.requests).toEqual([])
  })

  test('what is no answer to a request ends the connection, with the reason', async () => {
    rules.fault = () => 'ENODEV'
    const client = await connectOver(openCharacterDevice)
    const cause = { code: 'ENODEV' }
    await expect(client.read('data')).rejects.toMatchObject({ code: 'lost', cause })
    await expect(client.closed).resolves.toMatchObject({ code: 'lost', cause })
  })

  test('RESET_WATCHES is not sent: it would concern the whole domain', async () => {
    const client = await connectOver(openCharacterDevice)
    await expect(client.resetWatches()).rejects.toMatchObject({ errno: 'ENOSYS', operation: 'RESET_WATCHES' })
    await client.exists('data')
    expect(device.requests).toEqual([Op.READ])
  })
})

describe('the address says what it is', () => {
  test.skipIf(!hasCompiler)('a character device', async () => {
    const client = await XenstoreClient.connect({ path: device.path })
    clients.push(client)
    await expect(client.exists('data')).resolves.toBe(true)
    await expect(client.write('/a', Buffer.alloc(4_078))).rejects.toMatchObject({ message: /limit is 4080/ })
  })

  test('a device that is not there', async () => {
    const address = '/proc/xen/xenbus'
    const message = expect.stringMatching(/ENOENT; run in a Xen domain/)
    await expect(XenstoreClient.connect({ path: address })).rejects.toMatchObject({
      code: 'unavailable',
      address,
      message,
    })
  })
})

/** The same device; `sizes` gets the size of each read. */
function recordingReads(opened: CharacterDevice | undefined, sizes: number[]): CharacterDevice | undefined {
  return (
    opened && {
      write: bytes => opened.write(bytes),
      onClose: listener => opened.onClose(listener),
      close: () => opened.close(),
      onData: listener =>
        opened.onData(bytes => {
          sizes.push(bytes.length)
          listener(bytes)
        }),
    }
  )
}

/** A process that has connected, and read and watched something, runs `script`. */
function runClient(open: string, script: string) {
  const code = `
    import { XenstoreClient } from ${file('client.ts')}
    import { openWithPipeHandle } from ${file('pipe-handle.ts')}
    import { openWithReadingChild } from ${file('reading-child.ts')}
    import { openXenbus } from ${file('xenbus.ts')}
    const client = await XenstoreClient.connect({ transport: openXenbus(${JSON.stringify(device.path)}, ${open}) })
    client.watch('data').subscribe({ error: error => console.error(error.message) })
    await client.exists('data')
    ${script}`
  const args = ['--import', 'tsx', '--input-type=module', '-e', code]
  return spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'inherit', 'pipe'] })
}

function file(name: string): string {
  return JSON.stringify(new URL(name, import.meta.url).href)
}

/** Processes other than the stand-in's that have the device open. */
function readers(): number[] {
  const open = (pid: string): boolean => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some(fd => readlinkSync(`/proc/${pid}/fd/${fd}`) === device.path)
    } catch {
      return false // It has just ended, or is somebody else's.
    }
  }
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name) && open(name))
  return pids.map(Number).filter(pid => pid !== device.pid)
}
