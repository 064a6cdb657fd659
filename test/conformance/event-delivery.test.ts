import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { daemons, startXenstored, type TestXenstored } from '../xenstored/start.ts'
import { isEvent, Wire } from '../xenstored/wire.ts'
import { payloadOf, typeOf } from './harness/requests.ts'

/** What depends on how fast somebody reads, so that no table can say it. */
describe.each(daemons())('%s', daemon => {
  let xenstored: TestXenstored
  let writer: Wire
  let watcher: Wire

  beforeEach(async () => {
    xenstored = await startXenstored({ daemon })
    writer = await Wire.connect(xenstored.socketPath)
    watcher = await Wire.connect(xenstored.socketPath)
  })

  afterEach(async () => {
    writer.close()
    watcher.close()
    await xenstored.stop()
  })

  const send = (wire: Wire, request: string) => wire.send(typeOf(request), payloadOf(request))

  /** Registers the watch and takes its first event. */
  async function watch(wire: Wire, path: string): Promise<void> {
    send(wire, `watch ${path} t`)
    await wire.drained()
    wire.take()
  }

  test('equal events that a client has not read yet are merged, except on oxenstored', async () => {
    await watch(watcher, '/a')
    watcher.pause()
    const writes = 5_000
    const ids = Array.from({ length: writes }, (_, index) => send(writer, `write /a ${index}`))
    // oxenstored lets the writer wait for the watcher, sooner or later.
    await writer.settled(ids[daemon === 'ocaml' ? 100 : writes - 1] ?? 0)
    watcher.resume()
    await writer.drained()
    await watcher.drained()
    const { length } = watcher.take().filter(isEvent)
    const asExpected = daemon === 'ocaml' ? length === writes : length > 1 && length < writes
    expect({ length, asExpected }).toEqual({ length, asExpected: true })
  })

  test.each([
    ['dom0', 0],
    ['a domain', 7],
  ])('%s gets all its replies in order when it reads them late, and others are served meanwhile', async (_, domid) => {
    await xenstored.createDomain(7)
    await xenstored.dom0.write('/local/domain/7/data', 'x'.repeat(2_000))
    const path = domid === 0 ? xenstored.socketPath : xenstored.domainSocketPath(7)
    watcher.close()
    watcher = await Wire.connect(path)
    watcher.pause()
    const ids = Array.from({ length: 2_000 }, () => send(watcher, 'read /local/domain/7/data'))
    for (let round = 0; round < 100; round++) expect(await xenstored.dom0.exists('/')).toBe(true)
    watcher.resume()
    await watcher.drained()
    expect(watcher.take().map(({ requestId }) => requestId)).toEqual(ids)
  })

  test.each([
    ['dom0', 0],
    ['a domain', 7],
  ])("the events of a client's own writes come before each reply, on oxenstored after: %s", async (_, domid) => {
    await xenstored.createDomain(7)
    if (domid === 7) {
      writer.close()
      writer = await Wire.connect(xenstored.domainSocketPath(7))
    }
    await watch(writer, '/local/domain/7/data')
    const writes = 400
    for (let index = 0; index < writes; index++) send(writer, `write /local/domain/7/data/${index} 1`)
    await writer.drained()
    const sequence = writer.take().map(message => (isEvent(message) ? 'event' : 'reply'))
    const each = daemon === 'ocaml' ? ['reply', 'event'] : ['event', 'reply']
    expect(sequence).toEqual(Array.from({ length: writes }, () => each).flat())
  })
})
