import { firstValueFrom } from 'rxjs'
import { afterEach, expect, test } from 'vitest'
import { Op } from '../wire/messages.ts'
import { XenstoreClient } from './client.ts'
import { type PeerConnection, payloadText, type Script, ScriptedPeer } from './testing/scripted-peer.ts'

let stop: () => Promise<void>
afterEach(() => stop())

async function connectTo(script: Script) {
  const peer = await ScriptedPeer.start(script)
  const client = await XenstoreClient.connect({ path: peer.path })
  stop = async () => {
    await client.close()
    await peer.stop()
  }
  return { peer, client }
}

const sendEvent = (connection: PeerConnection, path: string, token: string): void =>
  connection.send({ type: Op.WATCH_EVENT, payload: Buffer.from(`${path}\0${token}\0`) })

test('a refused watch errors and needs no UNWATCH', async () => {
  const { peer, client } = await connectTo((request, connection) => {
    if (request.type === Op.WATCH) connection.error(request, 'E2BIG')
    else connection.reply(request)
  })
  const refusal = { code: 'reply', errno: 'E2BIG', operation: 'WATCH', path: 'a' }
  await expect(firstValueFrom(client.watch('a'))).rejects.toMatchObject(refusal)
  await client.read('a')
  expect(peer.requests.map(({ type }) => type)).toEqual([Op.WATCH, Op.READ])
})

test('a watch that is not registered in time errors, and is taken back in case it is registered late', async () => {
  const { peer, client } = await connectTo(() => undefined)
  await expect(firstValueFrom(client.watch('a', { timeoutMs: 1 }))).rejects.toMatchObject({ code: 'timeout' })
  const unwatch = await peer.request(Op.UNWATCH)
  expect(payloadText(unwatch)).toBe(payloadText(await peer.request(Op.WATCH)))
})

test('the first event may come before the reply', async () => {
  const { client } = await connectTo((request, connection) => {
    if (request.type === Op.WATCH) sendEvent(connection, 'a', payloadText(request).split('|')[1] ?? '')
    connection.reply(request)
  })
  await expect(firstValueFrom(client.watch('a'))).resolves.toBe('a')
})

test('an event that crossed its UNWATCH is nobody’s, and harms nothing', async () => {
  const { peer, client } = await connectTo((request, connection) => {
    if (request.type === Op.UNWATCH) sendEvent(connection, 'a', payloadText(request).split('|')[1] ?? '')
    connection.reply(request)
  })
  const seen: string[] = []
  client
    .watch('a')
    .subscribe(path => seen.push(path))
    .unsubscribe()
  await peer.request(Op.UNWATCH)
  await expect(client.readText('b')).resolves.toBe('OK\0')
  expect(seen).toEqual([])
})

test('nothing is watched before the subscription', async () => {
  const { peer, client } = await connectTo((request, connection) => connection.reply(request))
  client.watch('a')
  await client.read('b')
  expect(peer.requests.map(({ type }) => type)).toEqual([Op.READ])
})
