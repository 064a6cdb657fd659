import { afterEach, beforeEach, expect, test } from 'vitest'
import { acl } from '../acl.ts'
import { XenstoreClient } from '../client/client.ts'
import { Op, PAYLOAD_MAX } from '../wire/messages.ts'
import { EmbeddedXenstored } from './embedded.ts'
import { OUTBOX_BYTES_MAX } from './outbox.ts'
import { RawClient } from './testing/raw-client.ts'
import { encodeStrings } from './text.ts'

let server: EmbeddedXenstored
let dom0: XenstoreClient

beforeEach(async () => {
  server = await EmbeddedXenstored.start()
  dom0 = await XenstoreClient.connect({ path: server.socketPath })
})

afterEach(async () => {
  await dom0.close()
  await server.stop()
})

async function introduce(domid: number): Promise<void> {
  await server.createDomain(domid)
  await dom0.mkdir(`/local/domain/${domid}`)
  await dom0.setPermissions(`/local/domain/${domid}`, acl(domid))
  await dom0.introduce(domid, 1, 1)
}

/** A header that announces a payload of so many bytes. */
function header(payloadBytes: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(Op.READ, 0)
  bytes.writeUInt32LE(payloadBytes, 12)
  return bytes
}

test('whoever announces more than a payload can hold is cut off', async () => {
  const client = await RawClient.connect(server.socketPath)
  client.sendBytes(header(PAYLOAD_MAX + 1))
  await client.ended()
  expect(await dom0.exists('/')).toBe(true)
})

test('a payload may be as long as can be, and come in pieces', async () => {
  const client = await RawClient.connect(server.socketPath)
  const payload = Buffer.concat([encodeStrings('/a'), Buffer.alloc(PAYLOAD_MAX - 3, 'x')])
  const bytes = header(PAYLOAD_MAX)
  bytes.writeUInt32LE(Op.WRITE, 0)
  client.sendBytes(bytes.subarray(0, 7))
  await dom0.exists('/')
  client.sendBytes(Buffer.concat([bytes.subarray(7), payload.subarray(0, 100)]))
  await dom0.exists('/')
  client.sendBytes(payload.subarray(100))
  expect((await client.receive()).type).toBe(Op.WRITE)
  expect(await dom0.read('/a')).toHaveLength(PAYLOAD_MAX - 3)
  await client.close()
})

test('a domain that breaks the protocol is not served again until it is released and introduced', async () => {
  await introduce(7)
  const client = await RawClient.connect(server.domainSocketPath(7))
  client.send(Op.WATCH, encodeStrings('x', 't'))
  await client.receive()
  client.sendBytes(header(PAYLOAD_MAX + 1))
  await client.ended()
  expect(server.counts().watches).toBe(0)
  await (await RawClient.connect(server.domainSocketPath(7))).ended()

  await dom0.release(7)
  await dom0.introduce(7, 1, 1)
  const again = await XenstoreClient.connect({ path: server.domainSocketPath(7) })
  expect(await again.domainPath(7)).toBe('/local/domain/7')
  await again.close()
})

test('requests of a client that does not read its replies are left alone until it does', async () => {
  await dom0.write('/big', Buffer.alloc(4000))
  const client = await RawClient.connect(server.socketPath)
  const total = 2000
  const before = server.counts().operations
  for (let id = 1; id <= total; id++) client.send(Op.READ, encodeStrings('/big'), id)

  // Others are served meanwhile, and sooner or later only they are.
  const isLeftAlone = async () => {
    const earlier = server.counts().operations
    for (let round = 0; round < 50; round++) await dom0.exists('/')
    return server.counts().operations === earlier + 50
  }
  await expect.poll(isLeftAlone).toBe(true)
  expect(server.counts().operations - before).toBeLessThan(total)

  for (let id = 1; id <= total; id++) expect((await client.receive()).requestId).toBe(id)
  await client.close()
})

test('a watcher that does not read is dropped when too much waits for it; the writer notices nothing', async () => {
  const watcher = await RawClient.connect(server.socketPath)
  watcher.send(Op.WATCH, encodeStrings('/d', 't'.repeat(3000)))
  await expect.poll(() => server.counts().watches).toBe(1)
  // The kernel's socket buffers take some before anything waits here.
  const enough = Math.ceil((4 * OUTBOX_BYTES_MAX) / 3000)
  for (let index = 0; index < enough && server.counts().watches > 0; index++) await dom0.write(`/d/${index}`, '')
  await expect.poll(() => server.counts().watches).toBe(0)
  await watcher.ended()
})

test('a client that vanishes in the middle of a request leaves nothing behind', async () => {
  const client = await RawClient.connect(server.socketPath)
  client.send(Op.WATCH, encodeStrings('/d', 't'))
  client.send(Op.TRANSACTION_START, encodeStrings(''))
  await expect.poll(() => server.counts()).toMatchObject({ watches: 1, transactions: 1 })
  client.sendBytes(header(100))
  await client.close()
  await expect.poll(() => server.counts()).toMatchObject({ watches: 0, transactions: 0 })
})

test('equal events that wait for the same client are one', async () => {
  const watcher = await RawClient.connect(server.socketPath)
  watcher.send(Op.WATCH, encodeStrings('/d', 't'))
  await expect.poll(() => server.counts().watches).toBe(1)
  const writes = 1000
  await Promise.all(Array.from({ length: writes }, () => dom0.write('/d', 'x')))
  watcher.send(Op.READ, encodeStrings('/d'))
  let events = 0
  for (let message = await watcher.receive(); message.type !== Op.READ; message = await watcher.receive()) {
    if (message.type === Op.WATCH_EVENT) events++
  }
  expect(events).toBeGreaterThan(1)
  expect(events).toBeLessThan(writes)
  await watcher.close()
})
