import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Qemu, startQemu } from '@stubdom/demo'
import { QmpClient } from '@stubdom/qmp'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../logger.ts'
import { deferred } from '../testing/deferred.ts'
import type { Intercept } from './command.ts'
import { QmpFront } from './front.ts'

interface Served {
  readonly qemu: Qemu
  readonly path: string
  readonly front: QmpFront
}

async function serve(...intercepts: Intercept[]): Promise<Served> {
  const dir = await mkdtemp(join(tmpdir(), 'front-'))
  const upstream = join(dir, 'upstream.sock')
  const extraArgs = ['-qmp', `unix:${upstream},server=on,wait=off`]
  const qemu = await startQemu({ dir, guest: 'paused-at-start', extraArgs })
  const path = join(dir, 'front.sock')
  const front = await QmpFront.listen({ path, upstream, intercepts, log: createLogger('silent') })
  onTestFinished(async () => {
    await front.close()
    await qemu.stop()
    await rm(dir, { recursive: true, force: true })
  })
  return { qemu, path, front }
}

/** An intercept that waits for what the test says. */
function held(name: string): { intercept: Intercept; begun: Promise<AbortSignal>; end: (answer: unknown) => void } {
  const begun = deferred<AbortSignal>()
  const answer = deferred<unknown>()
  const work = (signal: AbortSignal) => {
    begun.resolve(signal)
    return answer.promise
  }
  const intercept: Intercept = command => (command.name === name ? work : undefined)
  return { intercept, begun: begun.promise, end: answer.resolve }
}

/** A client that sends bytes and reads messages. */
class Raw {
  readonly socket: Socket
  readonly #messages: Record<string, unknown>[] = []
  #text = ''
  #arrived: () => void = () => {}

  constructor(path: string) {
    this.socket = connect(path).setEncoding('utf8')
    this.socket.on('error', () => {})
    this.socket.on('data', (text: string) => {
      const lines = (this.#text + text).split('\r\n')
      this.#text = lines.pop() ?? ''
      this.#messages.push(...lines.map(line => JSON.parse(line) as Record<string, unknown>))
      this.#arrived()
    })
    onTestFinished(() => void this.socket.destroy())
  }

  /** The next message that is no event. */
  async next(): Promise<Record<string, unknown>> {
    for (;;) {
      const message = this.#messages.shift()
      if (message && !('event' in message)) return message
      if (!message) await new Promise<void>(resolve => (this.#arrived = resolve))
    }
  }

  /** Throws when it is not greeted, or another's answer comes. */
  async negotiate(): Promise<this> {
    const greeting = await this.next()
    this.socket.write('{"execute":"qmp_capabilities"}\n')
    const answer = await this.next()
    if (!('QMP' in greeting) || JSON.stringify(answer) !== '{"return":{}}') {
      throw new Error(`greeted with ${JSON.stringify(greeting)}, answered ${JSON.stringify(answer).slice(0, 200)}`)
    }
    return this
  }
}

async function connectTo(path: string): Promise<QmpClient> {
  const client = await QmpClient.connect({ path, timeoutMs: 10_000 })
  onTestFinished(() => client.close())
  return client
}

test('greeting, answers, errors, ids and events are QEMU’s own', async () => {
  const { path } = await serve()
  const client = await connectTo(path)
  expect(client.greeting.qemu.major).toBeGreaterThan(6)
  const resumed = new Promise(resolve =>
    client.events.subscribe(({ event }) => {
      if (event === 'RESUME') resolve(event)
    }),
  )
  const answers = await Promise.all([
    client.execute('query-status'),
    client.execute('no-such-command').catch((error: unknown) => error),
    client.execute('query-version'),
  ])
  expect(answers).toMatchObject([{ running: false }, { class: 'CommandNotFound' }, { qemu: {} }])
  await client.execute('cont')
  expect(await resumed).toBe('RESUME')
})

test('the longest answer passes whole, to a client that reads slowly too', async () => {
  const { path, qemu } = await serve()
  const raw = await new Raw(path).negotiate()
  raw.socket.pause()
  for (let i = 0; i < 12; i++) raw.socket.write('{"execute":"query-qmp-schema"}')
  // Another monitor answers meanwhile: QEMU is not held up by one that is not read.
  const other = await connectTo(qemu.testQmpPath)
  for (let i = 0; i < 50; i++) await other.execute('query-status')
  raw.socket.resume()
  for (let i = 0; i < 12; i++) expect(JSON.stringify(await raw.next()).length).toBeGreaterThan(150_000)
})

test('a command in single bytes, and several at once, are understood', async () => {
  const { path } = await serve()
  const raw = await new Raw(path).negotiate()
  for (const byte of '{"execute" :\n "query-name",\n"id": {"deep": [1]}}') {
    raw.socket.write(byte)
    await new Promise(setImmediate)
  }
  expect(await raw.next()).toEqual({ return: {}, id: { deep: [1] } })
  raw.socket.write('{"execute":"query-name","id":1}{"execute":"query-name","id":2}\r\n')
  expect([(await raw.next())['id'], (await raw.next())['id']]).toEqual([1, 2])
})

test('garbage is QEMU’s to answer, and what follows is understood', async () => {
  const { path } = await serve()
  const raw = await new Raw(path).negotiate()
  raw.socket.write('garbage\n')
  expect(await raw.next()).toMatchObject({ error: { class: 'GenericError' } })
  raw.socket.write(Buffer.from('{"execute": \xff{"execute":"query-name","id":"after"}', 'latin1'))
  let answer = await raw.next()
  while (!('id' in answer)) answer = await raw.next()
  expect(answer).toEqual({ return: {}, id: 'after' })
})

test('a message that is too long ends the connection; the next client is served', async () => {
  const { path } = await serve()
  const raw = await new Raw(path).negotiate()
  const closed = new Promise(resolve => raw.socket.once('close', resolve))
  raw.socket.write(`{"execute":"${'x'.repeat(2 * 1024 * 1024)}`)
  await closed
  const next = await connectTo(path)
  expect(await next.execute('query-status')).toMatchObject({ running: false })
})

test('one client after the other: each is greeted, none gets another’s answer', async () => {
  const { path } = await serve()
  for (let i = 0; i < 20; i++) {
    const raw = await new Raw(path).negotiate()
    raw.socket.write(`{"execute":"query-qmp-schema","id":"left ${i}"}`)
    raw.socket.destroy()
  }
  const client = await connectTo(path)
  expect(await client.execute('query-status')).toMatchObject({ running: false })
})

test('a client waits while another is served, and is greeted after it', async () => {
  const { path } = await serve()
  const first = await connectTo(path)
  const second = new Raw(path)
  await once(second.socket, 'connect')
  expect(await first.execute('query-status')).toMatchObject({ running: false })
  await first.close()
  await second.negotiate()
})

test('what a client said before it left is still passed on', async () => {
  const { path, qemu } = await serve()
  const raw = new Raw(path)
  expect(await raw.next()).toHaveProperty('QMP')
  raw.socket.end('{"execute":"qmp_capabilities"}{"execute":"quit"}')
  await qemu.exited
})

test('QEMU’s end is the client’s end', async () => {
  const { path, qemu } = await serve()
  const client = await connectTo(path)
  await qemu.stop()
  expect(await client.closed).toMatchObject({ code: 'lost' })
})

test('without a QEMU a client is turned away after a while', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'front-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const [path, upstream] = [join(dir, 'front.sock'), join(dir, 'upstream.sock')]
  const front = await QmpFront.listen({ path, upstream, intercepts: [], log: createLogger('silent'), upstreamMs: 100 })
  onTestFinished(() => front.close())
  const client = new Raw(path)
  await once(client.socket, 'close')
  expect(client.socket.bytesRead).toBe(0)
})

test('a command that an intercept takes waits for those before it', async () => {
  const { path } = await serve(({ name }) => (name === 'stop' ? () => Promise.resolve({ mine: true }) : undefined))
  const raw = await new Raw(path).negotiate()
  const stop = '{"execute":"stop","id":{"of":"the client"}}'
  raw.socket.write(`{"execute":"query-qmp-schema","id":1}{"execute":"query-qmp-schema","id":2}${stop}`)
  expect([(await raw.next())['id'], (await raw.next())['id']]).toEqual([1, 2])
  expect(await raw.next()).toEqual({ return: { mine: true }, id: { of: 'the client' } })
})

test('what comes after a command that an intercept takes waits for it', async () => {
  const taken = held('stop')
  const { path, qemu } = await serve(taken.intercept)
  const raw = await new Raw(path).negotiate()
  raw.socket.write('{"execute":"stop","id":"taken"}{"execute":"query-status","id":"after"}')
  await taken.begun
  // Time enough for QEMU to answer what it must not have yet.
  const other = await connectTo(qemu.testQmpPath)
  for (let i = 0; i < 20; i++) await other.execute('query-status')
  taken.end(undefined)
  expect(await raw.next()).toEqual({ return: {}, id: 'taken' })
  expect(await raw.next()).toMatchObject({ id: 'after' })
})

test('before the negotiation nothing is taken: QEMU refuses it', async () => {
  const { path } = await serve(() => () => Promise.resolve({ mine: true }))
  const raw = new Raw(path)
  expect(await raw.next()).toHaveProperty('QMP')
  raw.socket.write('{"execute":"query-status"}')
  expect(await raw.next()).toMatchObject({ error: { class: 'CommandNotFound' } })
  raw.socket.write('{"execute":"qmp_capabilities"}')
  expect(await raw.next()).toEqual({ return: {} })
  raw.socket.write('{"execute":"query-status"}')
  expect(await raw.next()).toEqual({ return: { mine: true } })
})

test('what an intercept fails with is an error of QMP’s', async () => {
  const { path } = await serve(() => () => Promise.reject(new Error('no such luck')))
  const client = await connectTo(path).catch((error: unknown) => error)
  expect(client, 'the negotiation is QEMU’s').toBeInstanceOf(QmpClient)
  await expect((client as QmpClient).execute('query-status')).rejects.toMatchObject({ desc: 'no such luck' })
})

test('a client that leaves in the middle of an intercepted command ends it, and the next is served', async () => {
  const taken = held('stop')
  const { path } = await serve(taken.intercept)
  const raw = await new Raw(path).negotiate()
  raw.socket.write('{"execute":"stop"}')
  const signal = await taken.begun
  const aborted = once(signal, 'abort')
  raw.socket.destroy()
  await aborted
  taken.end({})
  const client = await connectTo(path)
  expect(await client.execute('query-status')).toMatchObject({ running: false })
})

test('closing ends clients, those that wait too', async () => {
  const { path, front } = await serve()
  const first = await connectTo(path)
  const second = new Raw(path)
  await once(second.socket, 'connect')
  const closed = once(second.socket, 'close')
  await front.close()
  expect(await first.closed).toMatchObject({ code: 'lost' })
  await closed
})
