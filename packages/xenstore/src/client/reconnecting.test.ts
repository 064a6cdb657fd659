import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EmbeddedXenstored } from '../server/embedded.ts'
import { XenstoreClient } from './client.ts'
import { type XenstoreError, XenstoreLostError } from './errors.ts'
import { keepConnected } from './reconnecting.ts'
import { ScriptedPeer } from './testing/scripted-peer.ts'

const backoff = { firstMs: 1, longestMs: 5 }

let dir: string
let daemon: EmbeddedXenstored
let owner: AbortController
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'xsr-'))
  daemon = await EmbeddedXenstored.start({ dir })
  owner = new AbortController()
})
afterEach(async () => {
  owner.abort()
  await daemon.stop()
  await rm(dir, { recursive: true })
})

const connect = (signal: AbortSignal): Promise<XenstoreClient> =>
  XenstoreClient.connect({ path: daemon.socketPath, signal })

test('a daemon that is restarted is served again, until the owner has enough', async () => {
  const log: string[] = []
  const restart = async (): Promise<void> => {
    await daemon.stop()
    daemon = await EmbeddedXenstored.start({ dir })
  }
  let first: XenstoreClient | undefined
  await keepConnected(
    connect,
    async (client, signal) => {
      log.push(`${await client.exists('/mark')}`)
      await client.write('/mark', '')
      if (first) owner.abort()
      else void daemon.stop()
      first ??= client
      if (!signal.aborted) await once(signal, 'abort')
      log.push('over')
    },
    {
      signal: owner.signal,
      backoff,
      onLost: error => {
        log.push(error.code)
        if (error.code === 'lost') void restart()
      },
    },
  )
  expect(log.filter(entry => entry !== 'unavailable')).toEqual(['false', 'over', 'lost', 'false', 'over'])
})

test('what cannot be connected is tried until it can', async () => {
  const codes: string[] = []
  let path = '/none'
  await keepConnected(
    () => XenstoreClient.connect({ path }),
    async () => owner.abort(),
    {
      signal: owner.signal,
      backoff,
      onLost: error => {
        if (codes.push(error.code) === 5) path = daemon.socketPath
      },
    },
  )
  expect(codes).toEqual(Array.from({ length: 5 }, () => 'unavailable'))
})

test('one connection at a time: each is closed before the next is made', async () => {
  const clients: XenstoreClient[] = []
  const serve = async (client: XenstoreClient): Promise<void> => {
    await Promise.all(clients.map(({ closed }) => closed))
    if (clients.push(client) === 3) owner.abort()
    if (clients.length === 2) await client.read('/none')
  }
  const lost: string[] = []
  await keepConnected(connect, serve, { signal: owner.signal, backoff, onLost: ({ code }) => lost.push(code) })
  expect(clients).toHaveLength(3)
  expect(lost).toEqual(['reply'])
  await Promise.all(clients.map(({ closed }) => expect(closed).resolves.toBeUndefined()))
})

test('whatever serving throws after the connection was lost, the loss is told', async () => {
  const peer = await ScriptedPeer.start((_, connection) => connection.hangUp())
  const reasons: XenstoreError[] = []
  await keepConnected(
    () => XenstoreClient.connect({ path: peer.path }),
    async client => {
      await client.read('a').catch(cause => {
        throw new Error('in my own words', { cause })
      })
    },
    {
      signal: owner.signal,
      backoff,
      onLost: error => {
        reasons.push(error)
        owner.abort()
      },
    },
  )
  await peer.stop()
  expect(reasons).toEqual([expect.any(XenstoreLostError)])
})

test.each<[name: string, serve: (client: XenstoreClient) => Promise<unknown>, failure: object]>([
  ['a fault of the program', async () => Promise.reject(new TypeError('mine')), { message: 'mine' }],
  ['a wrong call', client => client.read(''), { code: 'usage' }],
])('%s is not tried again', async (_name, serve, failure) => {
  const clients: XenstoreClient[] = []
  const serving = keepConnected(
    connect,
    async client => {
      clients.push(client)
      await serve(client)
    },
    { signal: owner.signal, backoff },
  )
  await expect(serving).rejects.toMatchObject(failure)
  expect(clients).toHaveLength(1)
  await expect(clients[0]?.closed).resolves.toBeUndefined()
})

test('an owner who has enough ends the pause, and the connecting', async () => {
  const signal = AbortSignal.abort()
  await keepConnected(connect, async () => expect.unreachable(), { signal })
  const connecting = async (): Promise<XenstoreClient> => {
    const client = await connect(owner.signal)
    owner.abort()
    return client
  }
  await keepConnected(connecting, async () => expect.unreachable(), { signal: owner.signal })
  owner = new AbortController()
  const pausing = keepConnected(
    () => XenstoreClient.connect({ path: '/none' }),
    async () => undefined,
    {
      signal: owner.signal,
      backoff: { firstMs: 2 ** 30, longestMs: 2 ** 30 },
      onLost: () => setImmediate(() => owner.abort()),
    },
  )
  await expect(pausing).resolves.toBeUndefined()
})
