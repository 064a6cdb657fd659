import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { type Daemon, daemons, startXenstored, type TestXenstored } from '@stubdom/test-xenstored'
import { encodeMessage, type Message, MessageParser, Op, XenstoreClient } from '@stubdom/xenstore'
import { firstValueFrom, ReplaySubject } from 'rxjs'
import { filter, timeout } from 'rxjs/operators'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Multiplexer } from './multiplexer.ts'

let xenstored: TestXenstored
let bus: Multiplexer

const start = (daemon: Daemon) => async () => {
  xenstored = await startXenstored({ daemon })
  await xenstored.createDomain(7)
  bus = await Multiplexer.listen({ path: join(xenstored.dir, 'bus7.sock'), upstream: xenstored.domainSocketPath(7) })
}

async function stop(): Promise<void> {
  await bus.close()
  await xenstored.stop()
}

/** A program in domain 7. */
async function program(): Promise<XenstoreClient> {
  const client = await XenstoreClient.connect({ path: bus.path })
  onTestFinished(() => client.close())
  return client
}

/** One that says what no good program would. */
class RawProgram {
  readonly socket: Socket
  readonly ended: Promise<unknown>
  readonly #parser = new MessageParser()
  readonly #messages = new ReplaySubject<Message>()
  #lastId = 0

  constructor() {
    this.socket = connect(bus.path)
    this.ended = once(this.socket, 'close')
    this.socket.on('data', bytes => {
      this.#parser.feed(bytes)
      for (let next = this.#parser.next(); next.kind === 'message'; next = this.#parser.next())
        this.#messages.next(next.message)
    })
    onTestFinished(() => void this.socket.destroy())
  }

  async ask(type: number, payload: string, transactionId = 0): Promise<string> {
    const requestId = ++this.#lastId
    this.socket.write(encodeMessage({ type, requestId, transactionId, payload: Buffer.from(payload) }))
    const replies = this.#messages.pipe(
      filter(message => message.type !== Op.WATCH_EVENT && message.requestId === requestId),
      timeout(10_000),
    )
    return (await firstValueFrom(replies)).payload.toString().replaceAll('\0', ' ').trim()
  }
}

function watched(client: XenstoreClient, path: string): ReplaySubject<string> {
  const events = new ReplaySubject<string>()
  client.watch(path).subscribe(events)
  return events
}

function seen(events: ReplaySubject<string>, path: string): Promise<string> {
  return firstValueFrom(
    events.pipe(
      filter(changed => changed === path),
      timeout(10_000),
    ),
  )
}

describe.each(daemons())('programs that share a domain’s ring [%s]', daemon => {
  beforeEach(start(daemon))
  afterEach(stop)

  test('each gets its own replies, however many ask at once', async () => {
    const programs = await Promise.all(Array.from({ length: 8 }, program))
    await Promise.all(programs.map((one, index) => one.write(`data/${index}`, `${index}`)))
    const questions = programs.map((one, index) =>
      Promise.all(Array.from({ length: 200 }, () => one.readText(`data/${index}`))),
    )
    for (const [index, answers] of (await Promise.all(questions)).entries())
      expect(answers).toEqual(Array.from({ length: 200 }, () => `${index}`))
  })

  test('each gets the events of its own watches, with its own token', async () => {
    const [one, other] = [await program(), await program()]
    const events = [watched(one, 'data/a'), watched(other, 'data/b')] as const
    await Promise.all([seen(events[0], 'data/a'), seen(events[1], 'data/b')])
    await xenstored.dom0.write('/local/domain/7/data/a/x', '')
    await xenstored.dom0.write('/local/domain/7/data/b/x', '')
    await Promise.all([seen(events[0], 'data/a/x'), seen(events[1], 'data/b/x')])
    for (const [index, name] of ['a', 'b'].entries()) {
      const paths: string[] = []
      events[index]?.subscribe(path => paths.push(path)).unsubscribe()
      expect(new Set(paths), name).toEqual(new Set([`data/${name}`, `data/${name}/x`]))
    }
  })

  test('the same watch twice by one is refused, by two is not, and outlives the other’s', async () => {
    const [one, other] = [new RawProgram(), new RawProgram()]
    expect(await one.ask(Op.WATCH, 'data\0t\0')).toBe('OK')
    expect(await one.ask(Op.WATCH, 'data\0t\0')).toBe('EEXIST')
    expect(await other.ask(Op.WATCH, 'data\0t\0')).toBe('OK')
    expect(await one.ask(Op.UNWATCH, 'data\0t\0')).toBe('OK')
    expect(await one.ask(Op.UNWATCH, 'data\0t\0')).toBe('ENOENT')
    expect(await other.ask(Op.UNWATCH, 'data\0t\0')).toBe('OK')
  })

  test('what one had ends with it, what was under way included', async () => {
    const stays = await program()
    const events = watched(stays, 'data')
    await seen(events, 'data')
    const before = await xenstored.counts()
    const goes = new RawProgram()
    const transaction = Number(await goes.ask(Op.TRANSACTION_START, '\0'))
    expect(await goes.ask(Op.WRITE, 'data/x\x001', transaction)).toBe('OK')
    expect(await goes.ask(Op.WATCH, 'data\0t\0')).toBe('OK')
    expect(await goes.ask(Op.WATCH, 'data\0t\0'), 'a second one leaves the first').toBe('EEXIST')
    expect(await xenstored.counts()).toMatchObject({ watches: before.watches + 1 })
    void goes.ask(Op.WATCH, 'data\0u\0').catch(() => {})
    void goes.ask(Op.TRANSACTION_START, '\0').catch(() => {})
    goes.socket.end()
    await goes.ended
    await expect.poll(() => xenstored.counts(), { timeout: 10_000 }).toEqual(before)
    expect(await stays.exists('data/x'), 'aborted').toBe(false)
    await stays.write('data/y', '1')
    await seen(events, 'data/y')
  })

  test('RESET_WATCHES ends what the one that says it had, and nothing of others', async () => {
    const stays = await program()
    const events = watched(stays, 'data')
    await seen(events, 'data')
    const before = await xenstored.counts()
    const one = new RawProgram()
    const transaction = Number(await one.ask(Op.TRANSACTION_START, '\0'))
    await one.ask(Op.WATCH, 'data\0t\0')
    expect(await one.ask(Op.RESET_WATCHES, '\0')).toBe('OK')
    expect(await xenstored.counts()).toEqual(before)
    expect(await one.ask(Op.WRITE, 'data/x\x001', transaction)).toBe('ENOENT')
    await stays.write('data/y', '1')
    await seen(events, 'data/y')
  })

  test('nobody gets at another one’s transaction', async () => {
    const [one, other] = [new RawProgram(), new RawProgram()]
    const id = Number(await one.ask(Op.TRANSACTION_START, '\0'))
    expect(await other.ask(Op.WRITE, 'data/x\x001', id)).toBe('ENOENT')
    expect(await other.ask(Op.TRANSACTION_END, 'T\0', id)).toBe('ENOENT')
    expect(await one.ask(Op.TRANSACTION_END, 'perhaps\0', id)).toBe('EINVAL')
    expect(await one.ask(Op.WRITE, 'data/x\x001', id)).toBe('OK')
    expect(await one.ask(Op.TRANSACTION_END, 'T\0', id)).toBe('OK')
    expect(await one.ask(Op.READ, 'data/x\0')).toBe('1')
  })

  test('what cannot be passed on is refused, or ends the one that said it, and nobody else', async () => {
    const stays = await program()
    const bad = new RawProgram()
    expect(await bad.ask(Op.WATCH, 'data\0')).toBe('EINVAL')
    expect(await bad.ask(Op.WATCH, `data\0${'t'.repeat(4090)}\0`)).toBe('E2BIG')
    const header = Buffer.alloc(16)
    header.writeUInt32LE(4097, 12)
    bad.socket.write(header)
    await bad.ended
    expect(await stays.list('data')).toEqual([])
  })

  test('one that does not read is disconnected; the others go on', async () => {
    const stays = await program()
    const deaf = new RawProgram()
    expect(await deaf.ask(Op.WATCH, `data\0${'t'.repeat(2_000)}\0`)).toBe('OK')
    deaf.socket.pause()
    expect((await xenstored.counts()).watches).toBe(1)
    for (let round = 0; (await xenstored.counts()).watches > 0; round++) {
      expect(round, 'rounds').toBeLessThan(50)
      await Promise.all(Array.from({ length: 50 }, (_, index) => stays.write(`data/${index}`, `${round}`)))
    }
    expect(await stays.list('data')).toHaveLength(50)
  })

  test('when the daemon goes all are disconnected; the next that comes after its return is served', async () => {
    const programs = [await program(), await program()]
    await Promise.all(programs.map(one => one.list('data')))
    await xenstored.kill()
    for (const one of programs) expect(await one.closed).toMatchObject({ code: 'lost' })
    const early = await program()
    expect(await early.closed, 'nothing to serve it with').toMatchObject({ code: 'lost' })
    await xenstored.restart()
    await xenstored.createDomain(7)
    const [one, other] = [await program(), await program()]
    await one.write('data/x', '1')
    expect(await other.readText('data/x')).toBe('1')
  })
})

test('closing disconnects everybody and takes the socket away', async () => {
  await start('embedded')()
  const one = await program()
  await one.list('data')
  await bus.close()
  expect(await one.closed).toMatchObject({ code: 'lost' })
  await expect(XenstoreClient.connect({ path: bus.path })).rejects.toMatchObject({ code: 'unavailable' })
  rmSync(bus.path, { force: true })
  await xenstored.stop()
})
