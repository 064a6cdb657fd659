import { afterEach, beforeEach, expect, test } from 'vitest'
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

test('a domain that breaks the protocol loses its watches, and is turned away when it comes again', async () => {
  await server.createDomain(7)
  await dom0.introduce(7, 1, 1)
  const client = await RawClient.connect(server.domainSocketPath(7))
  client.send(Op.WATCH, encodeStrings('x', 't'))
  await client.receive()
  client.send(Op.READ, Buffer.alloc(PAYLOAD_MAX + 1))
  await client.ended()
  expect(server.counts().watches).toBe(0)
  await (await RawClient.connect(server.domainSocketPath(7))).ended()
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
