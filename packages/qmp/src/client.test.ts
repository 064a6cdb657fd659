import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Guest, type Qemu, startQemu } from '@stubdom/demo'
import { config, firstValueFrom, lastValueFrom, toArray } from 'rxjs'
import { filter } from 'rxjs/operators'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { QmpClient, type QmpConnectOptions } from './client.ts'
import {
  QmpAbortedError,
  QmpBusyError,
  QmpClosedError,
  QmpCommandError,
  QmpLostError,
  QmpProtocolError,
  QmpTimeoutError,
  QmpUnavailableError,
} from './errors.ts'
import type { QmpEvent } from './messages.ts'
import { MAX_UNANSWERED } from './pending.ts'

let dir: string
let qemu: Qemu | undefined
let clients: QmpClient[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'qmp-'))
  clients = []
})

afterEach(async () => {
  await Promise.all(clients.map(client => client.close()))
  await qemu?.stop()
  qemu = undefined
  config.onUnhandledError = null
  rmSync(dir, { recursive: true })
})

async function start(guest: Guest = 'silent'): Promise<Qemu> {
  qemu = await startQemu({ dir, guest })
  return qemu
}

async function connectTo(path: string, options: Partial<QmpConnectOptions> = {}): Promise<QmpClient> {
  const client = await QmpClient.connect({ path, ...options })
  clients.push(client)
  return client
}

function next(client: QmpClient, name: string): Promise<QmpEvent> {
  return firstValueFrom(client.events.pipe(filter(({ event }) => event === name)))
}

describe('connecting', () => {
  test('brings the greeting', async () => {
    const { greeting } = await connectTo((await start()).qmpPath)
    expect(greeting.qemu.major).toBeGreaterThanOrEqual(7)
    expect(greeting.capabilities).toContain('oob')
  })

  test('where nothing is fails with ENOENT', async () => {
    const path = join(dir, 'none.sock')
    await expect(connectTo(path)).rejects.toMatchObject({ code: 'unavailable', errno: 'ENOENT', path })
  })

  test('where QEMU died fails with ECONNREFUSED', async () => {
    const machine = await start()
    await machine.stop()
    await expect(connectTo(machine.qmpPath)).rejects.toMatchObject({ code: 'unavailable', errno: 'ECONNREFUSED' })
  })

  test('to a plain file fails with the errno', async () => {
    const path = join(dir, 'file')
    writeFileSync(path, '')
    await expect(connectTo(path)).rejects.toMatchObject({ errno: 'ECONNREFUSED' })
  })

  test('to a path longer than sun_path fails, and does not connect to the beginning of it', async () => {
    const failed = connectTo(`/${'x'.repeat(107)}`)
    await expect(failed).rejects.toBeInstanceOf(QmpUnavailableError)
    await expect(failed).rejects.toMatchObject({ errno: 'ENAMETOOLONG' })
  })

  test('to a QEMU that hangs runs into the deadline at the greeting', async () => {
    const machine = await start()
    await machine.pause()
    const failed = connectTo(machine.qmpPath, { timeoutMs: 50 })
    await expect(failed).rejects.toBeInstanceOf(QmpTimeoutError)
    await expect(failed).rejects.toMatchObject({ code: 'timeout', stage: 'greeting', timeoutMs: 50 })
  })

  test('to a monitor that another client holds does so too, until that client leaves', async () => {
    const machine = await start()
    const first = await connectTo(machine.qmpPath)
    await expect(connectTo(machine.qmpPath, { timeoutMs: 50 })).rejects.toMatchObject({ stage: 'greeting' })
    const second = connectTo(machine.qmpPath)
    await first.close()
    expect(await (await second).execute('query-status')).toMatchObject({ running: true })
  })

  test('ends when the signal fires, and does not begin when it has', async () => {
    const machine = await start()
    await machine.pause()
    const abort = new AbortController()
    const failed = connectTo(machine.qmpPath, { signal: abort.signal })
    abort.abort('enough')
    await expect(failed).rejects.toBeInstanceOf(QmpAbortedError)
    await expect(failed).rejects.toMatchObject({ code: 'aborted', cause: 'enough' })
    await expect(connectTo('/nowhere', { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('a command', () => {
  test('returns what QEMU returns', async () => {
    const client = await connectTo((await start()).qmpPath)
    expect(await client.execute('query-name')).toEqual({})
    expect(await client.execute('qom-get', { path: '/machine', property: 'type' })).toMatch(/^pc-i440fx-/)
  })

  test.each([
    ['no-such-command', {}, { class: 'CommandNotFound', desc: 'The command no-such-command has not been found' }],
    ['ü€😀', {}, { class: 'CommandNotFound', desc: 'The command ü€😀 has not been found' }],
    ['device_del', { id: 'none' }, { class: 'DeviceNotFound', desc: "Device 'none' not found" }],
    ['query-status', { extra: 1 }, { class: 'GenericError', desc: "Parameter 'extra' is unexpected" }],
  ])('%s %j is refused in QEMU’s words', async (command, args, refusal) => {
    const client = await connectTo((await start()).qmpPath)
    const failed = client.execute(command, args)
    await expect(failed).rejects.toBeInstanceOf(QmpCommandError)
    await expect(failed).rejects.toMatchObject({ code: 'command-failed', command, ...refusal })
  })

  test('gets its own answer among many at once', async () => {
    const client = await connectTo((await start()).qmpPath)
    const slots = Array.from({ length: 50 }, (_, i) => i + 1)
    const answers = slots.map(async i => {
      if (i % 2) return client.execute(`none-${i}`).catch((error: QmpCommandError) => error.command)
      return client.execute('human-monitor-command', { 'command-line': `print ${i}` })
    })
    expect(await Promise.all(answers)).toEqual(slots.map(i => (i % 2 ? `none-${i}` : `0x${i.toString(16)}\r\n`)))
  })

  test('may have an answer of 200 KB', async () => {
    const client = await connectTo((await start()).qmpPath)
    const schema = await client.execute('query-qmp-schema')
    expect(JSON.stringify(schema).length).toBeGreaterThan(150_000)
  })

  test('whose answer is longer than allowed ends the connection', async () => {
    const client = await connectTo((await start()).qmpPath, { maxMessageBytes: 64 * 1024 })
    await expect(client.execute('query-qmp-schema')).rejects.toBeInstanceOf(QmpProtocolError)
    expect(await client.closed).toBeInstanceOf(QmpProtocolError)
  })

  test('that is not answered in time is given up; its late answer disturbs nobody', async () => {
    const machine = await start()
    const client = await connectTo(machine.qmpPath)
    await machine.pause()
    const late = client.execute('device_add', { driver: 'edu', id: 'late', addr: '5' }, { timeoutMs: 50 })
    await expect(late).rejects.toBeInstanceOf(QmpTimeoutError)
    await expect(late).rejects.toMatchObject({
      stage: 'command',
      message: 'QEMU did not answer device_add within 50 ms',
    })
    machine.resume()
    // Answered after the late one: and that was carried out.
    expect(await client.execute('qom-list', { path: '/machine/peripheral' })).toContainEqual(
      expect.objectContaining({ name: 'late' }),
    )
  })

  test('that was answered in time is answered, though this process itself was held up beyond the deadline', async () => {
    const client = await connectTo((await start()).qmpPath)
    const answer = client.execute('query-status', {}, { timeoutMs: 10 })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
    expect(await answer).toMatchObject({ running: true })
  })

  test('is given up when the signal fires, and not sent when it has', async () => {
    const machine = await start()
    const client = await connectTo(machine.qmpPath)
    await machine.pause()
    const abort = new AbortController()
    const failed = client.execute('stop', {}, { signal: abort.signal })
    abort.abort()
    await expect(failed).rejects.toBeInstanceOf(QmpAbortedError)
    await expect(client.execute('quit', {}, { signal: abort.signal })).rejects.toBeInstanceOf(QmpAbortedError)
    machine.resume()
    expect(await client.execute('query-status')).toMatchObject({ status: 'paused' })
  })

  test('leaves nothing on a signal that lives longer', async () => {
    const client = await connectTo((await start()).qmpPath)
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    await client.execute('query-status', {}, { signal })
    expect(remove.mock.calls).toEqual(add.mock.calls)
    expect(add).toHaveBeenCalledOnce()
  })

  test('is not sent when QEMU owes too many answers', async () => {
    const machine = await start()
    const client = await connectTo(machine.qmpPath)
    await machine.pause()
    const sent = Array.from({ length: MAX_UNANSWERED }, () => client.execute('query-status'))
    await expect(client.execute('quit')).rejects.toBeInstanceOf(QmpBusyError)
    machine.resume()
    expect(await Promise.all(sent)).toHaveLength(MAX_UNANSWERED)
    expect(await client.execute('query-name')).toEqual({})
  })

  test('with arguments that are not JSON fails and disturbs nobody', async () => {
    const client = await connectTo((await start()).qmpPath)
    await expect(client.execute('stop', { big: 1n })).rejects.toBeInstanceOf(TypeError)
    expect(await client.execute('query-status')).toMatchObject({ running: true })
  })
})

describe('events', () => {
  test('come while things happen', async () => {
    const machine = await start()
    const client = await connectTo(machine.qmpPath)
    await client.execute('device_add', { driver: 'edu', id: 'dev', addr: '5' })
    await client.execute('device_del', { id: 'dev' })
    const deleted = firstValueFrom(client.events.pipe(filter(({ data }) => data['device'] === 'dev')))
    await machine.eject(5)
    expect(await deleted).toEqual({
      event: 'DEVICE_DELETED',
      data: { device: 'dev', path: '/machine/peripheral/dev' },
      timestamp: { seconds: expect.any(Number), microseconds: expect.any(Number) },
    })
  })

  test('without data have empty data', async () => {
    const client = await connectTo((await start()).qmpPath)
    const stopped = next(client, 'STOP')
    await client.execute('stop')
    expect((await stopped).data).toEqual({})
  })

  test('complete when the connection ends', async () => {
    const client = await connectTo((await start()).qmpPath)
    const all = lastValueFrom(client.events.pipe(toArray()))
    await client.execute('stop')
    await client.execute('cont')
    await client.close()
    expect((await all).map(({ event }) => event)).toEqual(['STOP', 'RESUME'])
    expect(await lastValueFrom(client.events.pipe(toArray()))).toEqual([])
  })

  test('reach the others, and commands their answers, when one subscriber throws', async () => {
    const client = await connectTo((await start()).qmpPath)
    const reported = new Promise(resolve => {
      config.onUnhandledError = resolve
    })
    client.events.subscribe(() => {
      throw new Error('a faulty subscriber')
    })
    const stopped = next(client, 'STOP')
    await client.execute('stop')
    expect((await stopped).event).toBe('STOP')
    expect(await reported).toMatchObject({ message: 'a faulty subscriber' })
    expect(await client.execute('query-status')).toMatchObject({ status: 'paused' })
  })
})

describe('the end', () => {
  test('by SIGKILL fails what is pending, and what comes after', async () => {
    const machine = await start()
    const client = await connectTo(machine.qmpPath)
    await machine.pause()
    const pending = [client.execute('stop'), client.execute('cont', {}, { timeoutMs: 60_000 })]
    const outcomes = Promise.allSettled(pending)
    await machine.stop()
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: expect.any(QmpLostError) })
    expect(await client.closed).toBeInstanceOf(QmpLostError)
    await expect(client.execute('query-status')).rejects.toBeInstanceOf(QmpLostError)
  })

  test('by quit comes after the answer', async () => {
    const client = await connectTo((await start()).qmpPath)
    expect(await client.execute('quit')).toEqual({})
    expect(await client.closed).toBeInstanceOf(QmpLostError)
  })

  test('by close() fails what is pending and is no error', async () => {
    const machine = await start()
    const client = await connectTo(machine.qmpPath)
    await machine.pause()
    const pending = client.execute('stop')
    const closing = client.close()
    await expect(pending).rejects.toBeInstanceOf(QmpClosedError)
    await closing
    await client.close()
    expect(await client.closed).toBeUndefined()
    await expect(client.execute('query-status')).rejects.toMatchObject({ code: 'closed' })
  })
})
