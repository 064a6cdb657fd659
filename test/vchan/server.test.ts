import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { daemons } from '@stubdom/test-xenstored'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { compileVchanServer } from '../../scripts/lib/compile.mjs'
import type { Client } from './client.ts'
import { Front, greeting } from './front.ts'
import type { Running } from './running.ts'
import { RING, World } from './world.ts'

const DEBIANS = '/usr/lib/xen-4.17/bin/vchan-socket-proxy'

// libxenvchan is Debian's, on both sides; only what it needs of Xen is not there. Headers and compiler come with what the real daemons need.
describe.runIf(daemons().length > 1)('stubdom-vchan', () => {
  let program: string
  let impatient: string

  beforeAll(async () => {
    program = await compileVchanServer()
    impatient = await compileVchanServer(['CONNECT_MS=200', 'FAREWELL_MS=200'])
  })

  async function start(which = program): Promise<{ world: World; front: Front; server: Running; client: Client }> {
    const world = await World.create()
    const front = await Front.listen(world.socketPath)
    const server = await world.serve(process.env['VCHAN_SERVER'] ?? which)
    return { world, front, server, client: world.client() }
  }

  test('each client has a connection of its own, in which all it said and was told is', async () => {
    const { front, client } = await start()
    for (const n of [1, 2, 3]) {
      await client.come()
      expect(await client.hear()).toBe(greeting(n))
      await client.say(`question ${n}`)
      const connection = await front.connection(n)
      await expect.poll(() => connection.received).toBe(`question ${n}\n`)
      connection.say(`answer ${n}`)
      expect(await client.hear()).toBe(`answer ${n}`)
      await client.leave()
      expect(await connection.all()).toBe(`question ${n}\n`)
    }
    expect(front.connections).toHaveLength(3)
  })

  test('a client that comes before it was seen that the one before has left is greeted, and that one’s connection ends', async () => {
    const { front, server, client } = await start()
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    for (const n of [2, 3]) {
      await server.freeze()
      await client.leave()
      await client.come()
      server.thaw()
      expect(await client.hear()).toBe(greeting(n))
      expect(await (await front.connection(n - 1)).all()).toBe('')
    }
    expect(server.stderr.match(/another client has come/g)).toHaveLength(2)
  })

  test('so it is after several that came and left unseen, of whom none is answered', async () => {
    const { front, server, client } = await start()
    await server.freeze()
    for (let unseen = 0; unseen < 3; unseen++) {
      await client.come()
      await client.leave()
    }
    await client.come()
    server.thaw()
    expect(await client.hear()).toBe(greeting(1))
    await client.leave()
    await (await front.connection(1)).all()
    await client.come()
    expect(await client.hear()).toBe(greeting(2))
  })

  test('what a client wrote last goes to its own connection, not to that of the one who came before it was read', async () => {
    const { front, server, client } = await start()
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    await server.freeze()
    await client.say('last words')
    await client.leave()
    await client.come()
    server.thaw()
    expect(await client.hear()).toBe(greeting(2))
    expect(await (await front.connection(1)).all()).toBe('last words\n')
    await client.say('first words')
    await client.leave()
    expect(await (await front.connection(2)).all()).toBe('first words\n')
  })

  test('what a client wrote that nobody has seen come or go is not said in another’s name', async () => {
    const { world, front, server, client } = await start()
    await server.freeze()
    await client.come()
    await client.say('unasked')
    await client.leave()
    server.thaw()
    await expect.poll(() => world.read(RING.leftCons, 4)).toBe(8)
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    await client.leave()
    expect(await (await front.connection(1)).all()).toBe('')
  })

  test('what a client has not read is gone when the next one comes', async () => {
    const { world, front, client } = await start()
    await client.come()
    await client.leaveUnread(greeting(1).length + 1)
    await client.leave()
    await (await front.connection(1)).all()
    expect(world.read(RING.rightProd, 4)).toBe(world.read(RING.rightCons, 4))
    await client.come()
    expect(await client.hear()).toBe(greeting(2))
  })

  test('when the next one is there already, it reads spaces in its place: its index is its own', async () => {
    const { front, server, client } = await start()
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    const connection = await front.connection(1)
    // The ring has 2,048 bytes: what is not read here goes over its end.
    for (let round = 0; round < 3; round++) {
      connection.say('x'.repeat(900))
      await client.hear()
    }
    connection.say('for the one before')
    await client.leaveUnread(19)
    await server.freeze()
    await client.leave()
    await client.come()
    server.thaw()
    await front.connection(2)
    const heard = await client.hear()
    expect(heard).toBe(' '.repeat(19) + greeting(2))
    expect(JSON.parse(heard)).toEqual({ QMP: 2 })
  })

  test('a ring full of what was not read does not keep the next one from its greeting', async () => {
    const { front, server, client } = await start()
    await client.come()
    const connection = await front.connection(1)
    connection.say('x'.repeat(100_000))
    await client.leaveUnread(2048)
    await server.freeze()
    await client.leave()
    await client.come()
    server.thaw()
    await front.connection(2)
    expect((await client.hear()).trim()).toBe(greeting(2))
  })

  test('much goes both ways at once; who does not read is waited for, at no expense', async () => {
    const { front, server, client } = await start()
    const [question, answer] = ['q'.repeat(1_000_000), 'a'.repeat(1_000_000)]
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    const connection = await front.connection(1)
    connection.say(answer)
    connection.socket.pause()
    const said = client.say(question)
    const used = await ticksIn(300, server)
    expect(used).toBeLessThan(10)
    connection.socket.resume()
    await said
    expect((await client.hear()) === answer).toBe(true)
    await client.leave()
    expect((await connection.all()) === `${question}\n`).toBe(true)
  })

  test('a connection that ends: the client reads what it brought when it likes, is hung up on, and the next one has another', async () => {
    const { world, front, server, client } = await start()
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    const { socket } = await front.connection(1)
    const last = 'x'.repeat(100_000)
    socket.end(`${last}\n`)
    await once(socket, 'finish')
    socket.destroy()
    await client.leaveUnread(2048)
    expect(await ticksIn(300, server)).toBeLessThan(10)
    expect((await client.hear()) === last).toBe(true)
    await client.isHungUpOn()
    await client.leave()
    await expect.poll(() => world.read(RING.srvLive)).toBe(1)
    await client.come()
    expect(await client.hear()).toBe(greeting(2))
  })

  test('so it is when the next one comes before it was seen that the one before was hung up on, and left', async () => {
    const { front, server, client } = await start()
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    front.connections[0]?.socket.destroy()
    await client.isHungUpOn()
    await server.freeze()
    await client.leave()
    await client.come()
    server.thaw()
    // Until then it would see that its predecessor was hung up on.
    await front.connection(2)
    expect(await client.hear()).toBe(greeting(2))
  })

  test('a client that does not read is hung up on after a while, at no expense until it leaves', async () => {
    const { world, front, server, client } = await start(impatient)
    await client.come()
    await client.leaveUnread(greeting(1).length + 1)
    ;(await front.connection(1)).socket.destroy()
    await client.isHungUpOn()
    expect(await ticksIn(300, server)).toBeLessThan(10)
    await client.leave()
    await expect.poll(() => world.read(RING.srvLive)).toBe(1)
    await client.come()
    expect(await client.hear()).toBe(greeting(2))
  })

  test('a connection that takes nothing from a client that was killed does not keep the next one waiting', async () => {
    const { world, front, server, client } = await start(impatient)
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    ;(await front.connection(1)).socket.pause()
    client.say('x'.repeat(1_000_000)).catch(() => {})
    const inRing = () => world.read(RING.leftProd, 4) - world.read(RING.leftCons, 4)
    await expect.poll(() => inRing() === 1024 && server.sleeps).toBe(true)
    await client.kill()
    // What the kernel does for it.
    world.write(RING.cliLive, 0)
    await world.wake(server)
    const next = world.client()
    await next.come()
    expect(await next.hear()).toBe(greeting(2))
    expect(server.stderr).toMatch(/\d+ bytes of a client that has left are dropped/)
    await next.leave()
    expect(await (await front.connection(2)).all()).toBe('')
  })

  test('while nothing listens at the socket it is tried again, until the client is hung up on', async () => {
    const world = await World.create()
    const server = await world.serve(impatient)
    const client = world.client()
    await client.come()
    await client.isHungUpOn()
    expect(server.stderr).toMatch(/qmp: No such file or directory: trying for 200 ms\n.*no connection in time/)
    await client.leave()
    await expect.poll(() => world.read(RING.srvLive)).toBe(1)
    await client.come()
    await Front.listen(world.socketPath)
    expect(await client.hear()).toBe(greeting(1))
  })

  test('a client that has begun to initialise the ring is waited for', async () => {
    const { world, front, server, client } = await start()
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    await client.leave()
    await (await front.connection(1)).all()
    world.write(RING.cliLive, 1)
    await world.wake(server)
    expect(front.connections).toHaveLength(1)
    await client.come()
    expect(await client.hear()).toBe(greeting(2))
    expect(front.connections).toHaveLength(2)
  })

  test('a mark that was lost begins the session anew', async () => {
    const { world, server, client } = await start()
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    world.write(RING.srvNotify, 1)
    await world.wake(server)
    expect(await client.hear()).toBe(greeting(2))
  })

  test.each([0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 5000])(
    'indices that make no sense (%d) cost the session, no more',
    async index => {
      const { world, server, client } = await start()
      await client.come()
      expect(await client.hear()).toBe(greeting(1))
      world.write(RING.leftProd, index, 4)
      world.write(RING.rightCons, index, 4)
      await world.wake(server)
      await client.leave()
      await expect.poll(() => world.read(RING.leftCons, 4)).toBe(index)
      await client.come()
      expect(await client.hear()).toBe(greeting(2))
    },
  )

  test('SIGTERM ends it: its nodes go, and a client learns that it is gone', async () => {
    const { world, server, client } = await start()
    await client.come()
    expect(await client.hear()).toBe(greeting(1))
    expect(await server.stop()).toBe(0)
    await client.isHungUpOn()
    expect(existsSync(join(world.directory, 'ring-ref'))).toBe(false)
  })

  test('where there is no Xen it says so and ends', () => {
    const args = ['--mode=server', '0', 'device-model/6/qmp-vchan', '/nowhere']
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 10_000 })
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr:
        'stubdom-vchan: no vchan can be made at device-model/6/qmp-vchan for domain 0: No such file or directory\n',
    })
  })

  test.each([
    [[], 'wanted are'],
    [['--mode=client', '0', 'p', '/s'], 'wanted are'],
    [['--mode=server', '0', 'p', '/s', 'x'], 'wanted are'],
    [['--mode=server', '', 'p', '/s'], 'DOMID'],
    [['--mode=server', '-1', 'p', '/s'], 'DOMID'],
    [['--mode=server', '32752', 'p', '/s'], 'DOMID'],
    [['--mode=server', '0', 'p'.repeat(50), '/s'], 'PATH'],
    [['--mode=server', '0', 'p', `/${'s'.repeat(107)}`], 'SOCKET'],
  ])('%j is refused', (args, what) => {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 10_000 })
    expect(status).toBe(2)
    expect(stderr).toContain(`stubdom-vchan: ${what}`)
  })

  describe.runIf(existsSync(DEBIANS))('with Debian’s vchan-socket-proxy in dom0', () => {
    test('every connection to it is greeted, also when it is made before the server has looked', async () => {
      const { world, server } = await start()
      const path = await world.dom0Proxy(DEBIANS)
      for (let n = 1; n <= 6; n += 2) {
        const first = await connectTo(path)
        expect(await nextLine(first)).toBe(greeting(n))
        await server.freeze()
        first.destroy()
        await expect.poll(() => world.read(RING.cliLive)).toBe(0)
        const second = await connectTo(path)
        await expect.poll(() => world.read(RING.cliLive)).toBe(1)
        server.thaw()
        expect(await nextLine(second)).toBe(greeting(n + 1))
        second.destroy()
        await expect.poll(() => world.read(RING.cliLive)).toBe(0)
      }
    })

    test('a connection to it is closed when there is none behind us any more, and the next one is greeted', async () => {
      const { world, front } = await start()
      const path = await world.dom0Proxy(DEBIANS)
      const first = await connectTo(path)
      expect(await nextLine(first)).toBe(greeting(1))
      front.connections[0]?.socket.end('last words\n')
      expect(await nextLine(first)).toBe('last words')
      await once(first, 'end')
      const second = await connectTo(path)
      expect(await nextLine(second)).toBe(greeting(2))
    })
  })
})

async function ticksIn(ms: number, server: Running): Promise<number> {
  const before = server.ticks
  await new Promise(resolve => setTimeout(resolve, ms))
  return server.ticks - before
}

/** As xl connects. */
async function connectTo(path: string): Promise<Socket> {
  const socket = connect(path)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** What comes next, which must be one line. */
async function nextLine(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  expect(bytes.toString().at(-1)).toBe('\n')
  return bytes.toString().slice(0, -1)
}
