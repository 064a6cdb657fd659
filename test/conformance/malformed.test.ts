import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { daemons, startXenstored, type TestXenstored } from '../xenstored/start.ts'
import { Wire } from '../xenstored/wire.ts'
import { DOMAIN_7 } from './harness/domains.ts'
import { payloadOf, typeOf } from './harness/requests.ts'
import { specify } from './harness/specify.ts'

const HEADER_BYTES = 16
const PAYLOAD_MAX = 4096

describe('requests', () => {
  specify(
    'without all their arguments are refused',
    DOMAIN_7,
    `
    0    -   write /a 1            OK
    0    -   op 4 /a               EINVAL
    0    -   op 5 /a               EINVAL
    0    -   op 8 7                EINVAL
    0    -   op 8 7 1              EINVAL
    0    -   op 14 /a              EINVAL
    0    -   op 19 7               EINVAL
    # oxenstored does not know this one.
    0    -   op 22 /a              EINVAL | ocaml: ENOSYS
    7    t1  begin                 OK
    7    t1  end x                 EINVAL
    7    t1  end T                 OK
    `,
  )
})

/** A request's bytes as they go over the wire. */
function bytesOf(request: string): Buffer {
  const payload = payloadOf(request)
  return Buffer.concat([headerOf(typeOf(request), payload.length), payload])
}

/** A header that announces so many bytes. */
function headerOf(type: number, payloadBytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(type, 0)
  header.writeUInt32LE(0xffff, 4)
  header.writeUInt32LE(payloadBytes, 12)
  return header
}

describe.each(daemons())('%s', daemon => {
  let xenstored: TestXenstored
  let client: Wire

  beforeEach(async () => {
    xenstored = await startXenstored({ daemon })
    client = await Wire.connect(xenstored.socketPath)
  })

  afterEach(async () => {
    client.close()
    await xenstored.stop()
  })

  test('takes messages in pieces of any size, and many at once', async () => {
    const requests = Array.from({ length: 40 }, (_, index) => bytesOf(`write /n${index} ${index}`))
    const bytes = Buffer.concat(requests)
    for (const byte of bytes) client.sendBytes(Buffer.of(byte))
    await client.drained()
    expect(client.take()).toHaveLength(requests.length)
    client.sendBytes(bytes)
    await client.drained()
    expect(client.take()).toHaveLength(requests.length)
    expect(await xenstored.dom0.readText('/n39')).toBe('39')
  })

  test('takes the largest payload that there may be', async () => {
    // oxenstored takes it, too, but not so large a value.
    const requestId = client.send(typeOf('write'), payloadOf(`write /a ${'x'.repeat(PAYLOAD_MAX - 3)}`))
    await client.settled(requestId)
    const [reply] = client.take()
    expect(reply?.payload.toString()).toBe(daemon === 'ocaml' ? 'E2BIG\0' : 'OK\0')
  })

  test('does nothing more for a client of dom0 that announces more than that, and goes on for others', async () => {
    client.sendBytes(headerOf(typeOf('read /'), PAYLOAD_MAX + 1))
    client.sendBytes(bytesOf('write /after 1'))
    // oxenstored neither answers nor hangs up.
    if (daemon !== 'ocaml') await client.ended()
    expect(await xenstored.dom0.exists('/after')).toBe(false)
    expect(client.take()).toEqual([])
  })

  test('serves a domain that announces too much only after RELEASE and INTRODUCE', async () => {
    await xenstored.createDomain(7)
    const seven = await Wire.connect(xenstored.domainSocketPath(7))
    await seven.drained()
    seven.sendBytes(headerOf(typeOf('read data'), PAYLOAD_MAX + 1))
    seven.sendBytes(bytesOf('write data/x 1'))
    await xenstored.dom0.write('/others', 'are served')
    await xenstored.dom0.release(7)
    await seven.ended()
    expect(seven.take()).toEqual([])
    await xenstored.dom0.introduce(7, 1, 1)
    const again = await xenstored.connectDomain(7)
    expect(await again.domainPath(7)).toBe('/local/domain/7')
    await expect(again.read('/local/domain/7/data/x')).rejects.toMatchObject({ code: 'reply' })
  })

  test('forgets a client that vanishes in the middle of a message', async () => {
    client.sendBytes(bytesOf('watch / t'))
    client.sendBytes(bytesOf('begin'))
    await client.drained()
    // oxenstored does not tell how many transactions there are.
    const told = (count: number) => (daemon === 'ocaml' ? undefined : count)
    const counts = async () => {
      const { watches, transactions } = await xenstored.counts()
      return { watches, transactions }
    }
    expect(await counts()).toEqual({ watches: 1, transactions: told(1) })
    client.sendBytes(headerOf(typeOf('read /'), 100))
    client.close()
    await expect.poll(counts).toEqual({ watches: 0, transactions: told(0) })
  })
})
