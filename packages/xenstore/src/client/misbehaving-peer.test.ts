import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { encodeMessage } from '../wire/codec.ts'
import { type Message, Op } from '../wire/messages.ts'
import { XenstoreClient } from './client.ts'
import { ABANDONED_MAX } from './requests.ts'
import { payloadText, type Script, ScriptedPeer } from './testing/scripted-peer.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function connectTo(script: Script, timeoutMs?: number) {
  const peer = await ScriptedPeer.start(script)
  cleanups.push(() => peer.stop())
  const client = await XenstoreClient.connect({ path: peer.path, timeoutMs })
  cleanups.push(() => client.close())
  return { peer, client }
}

const silent: Script = () => undefined
const header = (fields: Partial<Message>, announced: number): Buffer => {
  const bytes = encodeMessage({ type: Op.READ, requestId: 1, transactionId: 0, payload: Buffer.alloc(0), ...fields })
  bytes.writeUInt32LE(announced, 12)
  return bytes
}

/** Opens transaction 5 and reads a value in it; `end` answers TRANSACTION_END. */
const opens =
  (end: Script): Script =>
  (request, connection) => {
    if (request.type === Op.TRANSACTION_START) connection.reply(request, '5\0')
    else if (request.type === Op.TRANSACTION_END) end(request, connection)
    else connection.reply(request, 'value')
  }

describe('a peer that breaks the protocol loses the connection', () => {
  test.each<[name: string, message: RegExp, script: Script]>([
    [
      'a reply to a request never made',
      /reply \(READ\) to request 77/,
      (r, c) => c.send({ type: r.type, requestId: 77 }),
    ],
    [
      'an error for a request never made',
      /reply \(ERROR\) to request 77/,
      (_, c) => c.send({ type: Op.ERROR, requestId: 77 }),
    ],
    ['a second reply', /to request 1, which is not outstanding/, (r, c) => (c.reply(r), c.reply(r))],
    ['a reply of another type', /WRITE as the reply to READ a/, (r, c) => c.reply(r, 'OK\0', Op.WRITE)],
    ['a reply of an unknown type', /operation 99 as the reply/, (r, c) => c.reply(r, 'OK\0', 99)],
    ['a payload too large', /payload of 4097 bytes/, (r, c) => c.raw(header(r, 4097))],
    ['a listing too large', /payload of 1048577 bytes/, (_, c) => c.raw(header({ type: Op.DIRECTORY }, 2 ** 20 + 1))],
    [
      'a watch event without a token',
      /WATCH_EVENT without/,
      (_, c) => c.send({ type: Op.WATCH_EVENT, payload: Buffer.from('a\0') }),
    ],
  ])('%s', async (_name, message, script) => {
    const { client } = await connectTo(script)
    const reading = client.read('a').catch((error: unknown) => error)
    await expect(client.closed).resolves.toMatchObject({ code: 'protocol', message: expect.stringMatching(message) })
    await reading
    await expect(client.read('b')).rejects.toBe(await client.closed)
  })

  test.each<[name: string, message: RegExp, call: (client: XenstoreClient) => Promise<unknown>]>([
    ['permissions', /permissions of a/, client => client.getPermissions('a')],
    ['a transaction id', /transaction with the id "rubbish"/, client => client.transaction(async () => undefined)],
    ['whether a domain is introduced', /"rubbish" as the answer/, client => client.isIntroduced(1)],
  ])('rubbish for %s', async (_name, message, call) => {
    const { client } = await connectTo((request, connection) => connection.reply(request, 'rubbish'))
    await expect(call(client)).rejects.toMatchObject({ code: 'protocol', message: expect.stringMatching(message) })
    await expect(client.closed).resolves.toMatchObject({ code: 'protocol' })
  })
})

describe('a connection that ends', () => {
  test('fails what is pending, every later call and the watches, and says so once', async () => {
    const { peer, client } = await connectTo((request, connection) => {
      if (request.type === Op.WATCH) connection.reply(request)
      else if (payloadText(request) === 'b|') connection.hangUp()
    })
    const watchEnded = new Promise(resolve => {
      client.watch('w').subscribe({ error: resolve, complete: () => resolve('complete') })
    })
    const calls = [client.read('a'), client.transaction(async () => 1), client.read('b')]
    const errors = await Promise.all(calls.map(call => call.catch((error: unknown) => error)))
    const lost = await client.closed
    expect(lost).toMatchObject({ code: 'lost' })
    expect(errors).toEqual([lost, lost, lost])
    expect(await watchEnded).toBe(lost)
    await expect(client.write('a', '')).rejects.toBe(lost)
    expect(peer.requests.map(({ type }) => type)).not.toContain(Op.UNWATCH)
  })

  test('in the middle of a message ends as well', async () => {
    const { client } = await connectTo((request, connection) => {
      connection.raw(header(request, 100).subarray(0, 10))
      connection.hangUp()
    })
    await expect(client.read('a')).rejects.toMatchObject({ code: 'lost' })
  })

  test('ends the wait for the body of a transaction', async () => {
    const { client } = await connectTo((request, connection) => {
      if (request.type === Op.TRANSACTION_START) connection.reply(request, '5\0')
      else connection.hangUp()
    })
    const never = new Promise<never>(() => {})
    const transaction = client.transaction(async data => {
      data.read('a').catch(() => undefined)
      return never
    })
    await expect(transaction).rejects.toMatchObject({ code: 'lost' })
  })
})

describe('a daemon that does not answer in time', () => {
  test('a late reply is neither a violation nor the reply to another request', async () => {
    const held: Message[] = []
    const { client } = await connectTo((request, connection) => {
      if (held.push(request) < 3) return
      for (const late of held) connection.reply(late, payloadText(late))
    })
    const controller = new AbortController()
    const aborted = client.read('aborted', { signal: controller.signal })
    await expect(client.read('late', { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'timeout',
      timeoutMs: 1,
      message: 'READ late: not finished within 1 ms',
    })
    controller.abort('why')
    await expect(aborted).rejects.toMatchObject({ code: 'aborted', cause: 'why' })
    await expect(client.readText('third')).resolves.toBe('third|')
  })

  test('a deadline that is many sweeps away is noticed without any other traffic', async () => {
    const { client } = await connectTo(silent, 180)
    await expect(client.read('a')).rejects.toMatchObject({ code: 'timeout', timeoutMs: 180 })
  })

  test('a late refusal is taken quietly, too', async () => {
    const held: Message[] = []
    const { client } = await connectTo((request, connection) => {
      if (held.push(request) < 2) return
      for (const late of held) connection.error(late, 'ENOENT')
    })
    await expect(client.read('late', { timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' })
    await expect(client.readIfExists('second')).resolves.toBeUndefined()
  })

  test('an aborted signal keeps the request from being sent', async () => {
    const { peer, client } = await connectTo((request, connection) => connection.reply(request))
    await expect(client.read('a', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    await client.read('b')
    expect(peer.requests.map(payloadText)).toEqual(['b|'])
  })

  test('too many requests without a reply end the connection', async () => {
    const { client } = await connectTo(silent)
    const calls = Array.from({ length: ABANDONED_MAX + 1 }, () => client.read('a', { timeoutMs: 1 }))
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    await expect(client.closed).resolves.toMatchObject({
      code: 'lost',
      message: expect.stringContaining(`does not answer: ${ABANDONED_MAX + 1} requests`),
    })
  })

  test('as many that were aborted before their time do not', async () => {
    const { client } = await connectTo((request, connection) => connection.reply(request))
    const controller = new AbortController()
    const calls = Array.from({ length: ABANDONED_MAX + 1 }, () => client.read('a', { signal: controller.signal }))
    controller.abort()
    await Promise.allSettled(calls)
    await expect(client.readText('b')).resolves.toBe('OK\0')
  })

  test('replies that came while the event loop was blocked are in time', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'xsw-'))
    cleanups.push(() => rm(directory, { recursive: true }))
    const path = join(directory, 'socket')
    const answered = new Int32Array(new SharedArrayBuffer(4))
    const code = `
      const { parentPort, workerData: { path, answered } } = require('node:worker_threads')
      const server = require('node:net').createServer(socket => socket.on('data', request => {
        socket.write(request) // As a reply it reads as well: the value is the path.
        Atomics.store(answered, 0, 1)
        Atomics.notify(answered, 0)
      }))
      server.listen(path, () => parentPort.postMessage('listening'))`
    const worker = new Worker(code, { eval: true, workerData: { path, answered } })
    cleanups.push(async () => void (await worker.terminate()))
    await once(worker, 'message')
    const client = await XenstoreClient.connect({ path, silenceMs: 1 })
    cleanups.push(() => client.close())
    const end = performance.now() + 100
    const reading = client.readText('a', { timeoutMs: 1 })
    await new Promise(process.nextTick)
    Atomics.wait(answered, 0, 0, 5_000)
    while (performance.now() < end) Atomics.wait(answered, 0, 1, 10)
    await expect(reading).resolves.toBe('a\0')
  })

  test('waiting for it needs no timer that keeps the process alive', async () => {
    const { client } = await connectTo(silent)
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const reading = client.read('a').catch(() => undefined)
    const keepingAlive = timers.mock.results.map(({ value }) => value.hasRef())
    timers.mockRestore()
    expect(new Set(keepingAlive)).toEqual(new Set([false]))
    await client.close()
    await reading
  })
})

describe('transactions', () => {
  test('run again on EAGAIN, each time in a new transaction', async () => {
    let conflicts = 3
    const { peer, client } = await connectTo(
      opens((request, connection) =>
        conflicts-- > 0 ? connection.error(request, 'EAGAIN') : connection.reply(request),
      ),
    )
    let runs = 0
    const result = client.transaction(async data => `${await data.readText('a')} ${++runs}`)
    await expect(result).resolves.toBe('value 4')
    const types = [Op.TRANSACTION_START, Op.READ, Op.TRANSACTION_END]
    expect(peer.requests.map(({ type }) => type)).toEqual([...types, ...types, ...types, ...types])
    expect(peer.requests.map(({ transactionId }) => transactionId).slice(0, 3)).toEqual([0, 5, 5])
  })

  test('are not run again on any other refusal', async () => {
    const { client } = await connectTo(opens((request, connection) => connection.error(request, 'ENOSPC')))
    let runs = 0
    const result = client.transaction(async () => ++runs)
    await expect(result).rejects.toMatchObject({ code: 'reply', errno: 'ENOSPC', operation: 'TRANSACTION_END' })
    expect(runs).toBe(1)
  })

  test('end at the deadline when they never stop conflicting', async () => {
    const { client } = await connectTo(opens((request, connection) => connection.error(request, 'EAGAIN')))
    const result = client.transaction(async () => undefined, { timeoutMs: 20 })
    await expect(result).rejects.toMatchObject({ code: 'timeout', timeoutMs: 20 })
  })

  test('are aborted when their body does not end in time, and refuse it from then on', async () => {
    const { peer, client } = await connectTo(opens((request, connection) => connection.reply(request)))
    const never = new Promise<never>(() => {})
    let escaped = never as Promise<unknown>
    const controller = new AbortController()
    const timedOut = client.transaction(
      data => {
        escaped = peer.request(Op.TRANSACTION_END).then(() => data.read('a'))
        return never
      },
      { timeoutMs: 300 },
    )
    await expect(timedOut).rejects.toMatchObject({ code: 'timeout' })
    await peer.request(Op.TRANSACTION_END, 'F|')
    await expect(escaped).rejects.toMatchObject({ code: 'usage', message: 'READ a: its transaction has ended' })
    const aborted = client.transaction(() => (controller.abort(), never), { signal: controller.signal })
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
    expect(peer.requests.map(({ type }) => type)).not.toContain(Op.READ)
  })

  test('that are opened after the deadline are aborted', async () => {
    let start: Message | undefined
    const { peer, client } = await connectTo((request, connection) => {
      if (request.type === Op.TRANSACTION_START) start = request
      else if (request.type === Op.READ && start) connection.reply(start, '5\0')
    })
    const transaction = client.transaction(async () => expect.unreachable('the body ran'), { timeoutMs: 1 })
    await expect(transaction).rejects.toMatchObject({ code: 'timeout' })
    client.read('nudge').catch(() => undefined)
    const end = await peer.request(Op.TRANSACTION_END)
    expect([end.transactionId, payloadText(end)]).toEqual([5, 'F|'])
  })
})
