import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acl } from '../acl.ts'
import { XenstoreClient } from '../client/client.ts'
import { EmbeddedXenstored } from './embedded.ts'
import { EmbeddedListenError, EmbeddedUsageError } from './errors.ts'

let dir: string
let server: EmbeddedXenstored
let dom0: XenstoreClient
const clients: XenstoreClient[] = []

async function connect(path: string): Promise<XenstoreClient> {
  const client = await XenstoreClient.connect({ path })
  clients.push(client)
  return client
}

async function addDomain(domid: number): Promise<void> {
  await server.createDomain(domid)
  const home = `/local/domain/${domid}`
  await dom0.mkdir(`${home}/data`)
  await dom0.setPermissions(home, acl(0, [domid, 'read']))
  await dom0.setPermissions(`${home}/data`, acl(domid))
  await dom0.introduce(domid, 1, 1)
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'xe-'))
  server = await EmbeddedXenstored.start({ dir })
  dom0 = await connect(server.socketPath)
})

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
  await server.stop()
  await rm(dir, { recursive: true, force: true })
})

describe('where it listens', () => {
  test('is a socket for this user only', async () => {
    expect(server.socketPath).toBe(join(dir, 'socket'))
    expect((await stat(server.socketPath)).mode & 0o777).toBe(0o600)
  })

  test('is a directory of its own by default, which goes with it', async () => {
    const other = await EmbeddedXenstored.start()
    expect((await stat(other.dir)).mode & 0o777).toBe(0o700)
    await other.stop()
    expect(existsSync(other.dir)).toBe(false)
  })

  test('is a given directory otherwise, which is made if missing and keeps what else is in it', async () => {
    const given = join(dir, 'made')
    const other = await EmbeddedXenstored.start({ dir: given })
    expect((await stat(given)).mode & 0o777).toBe(0o700)
    await writeFile(join(given, 'note'), '')
    await other.createDomain(1)
    await other.stop()
    expect(await readdir(given)).toEqual(['note'])
  })

  test('may not be taken, unless whoever took it is dead', async () => {
    await expect(EmbeddedXenstored.start({ dir })).rejects.toThrow(/another Xenstore/)
    await expect(dom0.exists('/')).resolves.toBe(true)
    const stale = join(dir, 'stale')
    const first = await EmbeddedXenstored.start({ dir: stale })
    await first.stop()
    await writeFile(join(stale, 'socket'), '')
    const second = await EmbeddedXenstored.start({ dir: stale })
    await (await connect(second.socketPath)).exists('/')
    await second.stop()
  })

  test.each([
    ['a path that is too long for a socket', () => join(dir, 'x'.repeat(100)), /shorter path/],
    ['a directory that cannot be made', () => join(dir, 'file', 'sub'), /ENOTDIR/],
  ])('cannot be %s', async (_, path, message) => {
    await writeFile(join(dir, 'file'), '')
    const failure = await EmbeddedXenstored.start({ dir: path() }).catch(error => error)
    expect(failure).toBeInstanceOf(EmbeddedListenError)
    expect(failure.message).toMatch(message)
  })
})

describe('a domain', () => {
  test('has a socket from its INTRODUCE to its RELEASE', async () => {
    const path = server.domainSocketPath(7)
    expect(path).toBe(join(dir, 'dom7.sock'))
    await server.createDomain(7)
    expect(existsSync(path)).toBe(false)
    await dom0.introduce(7, 1, 1)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const seven = await connect(path)
    await dom0.release(7)
    expect(existsSync(path)).toBe(false)
    expect(await seven.closed).toBeDefined()
  })

  test('is cut off by its death', async () => {
    await addDomain(7)
    const seven = await connect(server.domainSocketPath(7))
    await seven.write('data/x', '1')
    await server.destroyDomain(7)
    expect(await seven.closed).toBeDefined()
    expect(existsSync(server.domainSocketPath(7))).toBe(false)
    expect(await dom0.exists('/local/domain/7/data')).toBe(false)
    await addDomain(7)
    expect(await (await connect(server.domainSocketPath(7))).list('data')).toEqual([])
  })

  test('survives its shutdown', async () => {
    await addDomain(7)
    const seven = await connect(server.domainSocketPath(7))
    await server.shutdownDomain(7)
    expect(await seven.list('data')).toEqual([])
  })

  test('is served one client at a time, and the next finds nothing of the one before', async () => {
    await addDomain(7)
    const first = await connect(server.domainSocketPath(7))
    const second = await connect(server.domainSocketPath(7))
    await first.write('data/x', 'first')
    const events: string[] = []
    first.watch('data').subscribe({ next: path => events.push(path), error: () => {} })
    await first.write('data/x', 'again')
    expect(server.counts().domains.get(7)).toMatchObject({ watches: 1 })

    const waiting = second.readText('data/x')
    await first.close()
    expect(await waiting).toBe('again')
    expect(server.counts().domains.get(7)).toMatchObject({ watches: 0 })
  })
})

describe('misuse', () => {
  test.each([
    ['creating domain 0', 'invalid-domid', () => server.createDomain(0)],
    ['creating a reserved number', 'invalid-domid', () => server.createDomain(0x7ff0)],
    ['creating half a domain', 'invalid-domid', () => server.createDomain(1.5)],
    ['destroying what does not exist', 'no-such-domain', () => server.destroyDomain(9)],
    ['shutting down domain 0', 'no-such-domain', () => server.shutdownDomain(0)],
  ])('%s is %s', async (_, code, deed) => {
    const failure = await deed().catch(error => error)
    expect(failure).toBeInstanceOf(EmbeddedUsageError)
    expect(failure.code).toBe(code)
  })

  test('creating a domain twice is domain-exists, and after stop() everything is stopped', async () => {
    await server.createDomain(7)
    await expect(server.createDomain(7)).rejects.toMatchObject({ code: 'domain-exists' })
    await server.stop()
    await server.stop()
    await expect(server.createDomain(8)).rejects.toMatchObject({ code: 'stopped' })
  })
})

describe('stop', () => {
  test('drops all clients and takes all sockets away', async () => {
    await addDomain(7)
    const seven = await connect(server.domainSocketPath(7))
    await server.stop()
    expect(await dom0.closed).toBeDefined()
    expect(await seven.closed).toBeDefined()
    expect(await readdir(dir)).toEqual([])
  })
})

describe('counts', () => {
  test('are of what there is right now', async () => {
    const before = server.counts()
    expect(before).toMatchObject({ nodes: 3, watches: 0, transactions: 0 })
    await addDomain(7)
    const seven = await connect(server.domainSocketPath(7))
    await seven.write('data/a/b', '1')
    const seen = new Promise<void>((resolve, reject) => {
      dom0.watch('/local').subscribe({ next: () => resolve(), error: reject })
    })
    await seen
    await dom0.transaction(async transaction => {
      await transaction.write('/x', '1')
      expect(server.counts()).toMatchObject({ transactions: 1 })
    })
    const counts = server.counts()
    expect(counts).toMatchObject({ nodes: 10, watches: 1, transactions: 0 })
    expect(counts.domains.get(7)).toEqual({ nodes: 3, watches: 0, transactions: 0, operations: 1 })
    expect(counts.domains.get(0)).toMatchObject({ nodes: 7, watches: 1 })
    expect(counts.operations).toBeGreaterThan(before.operations)
  })

  test('go down when a client of dom0 leaves', async () => {
    const other = await XenstoreClient.connect({ path: server.socketPath })
    await new Promise<void>((resolve, reject) => {
      other.watch('/tool').subscribe({ next: () => resolve(), error: reject })
    })
    expect(server.counts().watches).toBe(1)
    await other.close()
    await expect.poll(() => server.counts().watches).toBe(0)
  })
})

test('other quotas can be given', async () => {
  const tight = await EmbeddedXenstored.start({ quotas: { nodes: 2 } })
  try {
    await tight.createDomain(7)
    const admin = await connect(tight.socketPath)
    await admin.mkdir('/s')
    await admin.setPermissions('/s', acl(7))
    await admin.introduce(7, 1, 1)
    const seven = await connect(tight.domainSocketPath(7))
    await seven.write('/s/a', '1')
    await expect(seven.write('/s/b', '1')).rejects.toMatchObject({ errno: 'ENOSPC' })
  } finally {
    await tight.stop()
  }
})
