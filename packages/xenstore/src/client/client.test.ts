import { firstValueFrom, take, toArray } from 'rxjs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { acl } from '../acl.ts'
import { EmbeddedXenstored } from '../server/embedded.ts'
import { XenstoreClient } from './client.ts'
import { isErrno } from './errors.ts'

let daemon: EmbeddedXenstored
let client: XenstoreClient
beforeAll(async () => {
  daemon = await EmbeddedXenstored.start()
  client = await XenstoreClient.connect({ path: daemon.socketPath })
})
afterAll(async () => {
  await client.close()
  await daemon.stop()
})
beforeEach(async () => {
  await client.rm('/t')
  await client.mkdir('/t')
})

/** A domain that runs, with a directory `data` of its own. */
async function makeDomain(domid: number): Promise<void> {
  await daemon.createDomain(domid)
  const home = await client.domainPath(domid)
  await client.mkdir(`${home}/data`)
  await client.setPermissions(`${home}/data`, acl(domid))
  await client.introduce(domid, 1000 + domid, 1)
}

/** A second client of dom0, or of the domain at `path`, closed after `use`. */
async function withClient<T>(use: (other: XenstoreClient) => Promise<T>, path = daemon.socketPath): Promise<T> {
  const other = await XenstoreClient.connect({ path })
  try {
    return await use(other)
  } finally {
    await other.close()
  }
}

/** What a watch has emitted, its end included, and a promise for when that is `count` entries long. */
function record(watched: ReturnType<XenstoreClient['watch']>) {
  const seen: string[] = []
  const waiting = new Set<() => void>()
  const add = (event: string): void => {
    seen.push(event)
    for (const look of waiting) look()
  }
  const subscription = watched.subscribe({
    next: add,
    error: error => add(`error: ${error.message}`),
    complete: () => add('complete'),
  })
  // oxenstored may send the event of one's own write after the reply to it, so that a reply says nothing about events.
  const until = (count: number): Promise<void> =>
    new Promise(resolve => {
      const look = (): void => {
        if (seen.length >= count) resolve()
      }
      waiting.add(look)
      look()
    })
  return { seen, until, subscription }
}

const increment = (on: XenstoreClient): Promise<void> =>
  on.transaction(async tx => tx.write('/t/count', String(1 + Number(await tx.readText('/t/count')))))

describe('nodes', () => {
  test('values come back byte for byte', async () => {
    const bytes = Buffer.from([0, 255, 10, 0])
    await client.write('/t/bytes', bytes)
    await expect(client.read('/t/bytes')).resolves.toEqual(bytes)
    await client.write('/t/text', 'grüß')
    await expect(client.readText('/t/text')).resolves.toBe('grüß')
    await client.write('/t/text', '')
    await expect(client.read('/t/text')).resolves.toHaveLength(0)
  })

  test('a missing node is an error to read, and nothing to readIfExists and rm', async () => {
    const refusal = {
      code: 'reply',
      errno: 'ENOENT',
      operation: 'READ',
      path: '/t/none',
      message: 'READ /t/none: ENOENT',
    }
    await expect(client.read('/t/none')).rejects.toMatchObject(refusal)
    await expect(client.readIfExists('/t/none')).resolves.toBeUndefined()
    await expect(client.exists('/t/none')).resolves.toBe(false)
    await expect(client.exists('/t')).resolves.toBe(true)
    await expect(client.rm('/t/none')).resolves.toBeUndefined()
    await expect(client.rm('/none/at/all')).resolves.toBeUndefined()
  })

  test('other refusals are errors to each of them', async () => {
    await makeDomain(7)
    await client.mkdir('/t/hidden')
    await withClient(async domain => {
      for (const call of [domain.readIfExists('/t/hidden'), domain.exists('/t/hidden'), domain.rm('/t/hidden')]) {
        await expect(call).rejects.toSatisfy(error => isErrno(error, 'EACCES') && !isErrno(error, 'ENOENT', 'EINVAL'))
      }
    }, daemon.domainSocketPath(7))
  })

  test('rm takes what is below along, list names the children', async () => {
    await Promise.all(['/t/d/a', '/t/d/b', '/t/d/b/c'].map(path => client.mkdir(path)))
    expect((await client.list('/t/d')).sort()).toEqual(['a', 'b'])
    await expect(client.list('/t/d/a')).resolves.toEqual([])
    await client.rm('/t/d')
    await expect(client.exists('/t/d/b/c')).resolves.toBe(false)
  })

  test('a directory of any size is listed', async () => {
    const names = Array.from({ length: 700 }, (_, index) => `child-number-${index}`)
    await Promise.all(names.map(name => client.mkdir(`/t/${name}`)))
    expect((await client.list('/t')).sort()).toEqual(names.toSorted())
    await expect(client.list('/t', { maxBytes: 5_000 })).rejects.toMatchObject({ errno: 'E2BIG' })
  })

  test('permissions come back as set, of a node and of the special paths', async () => {
    const permissions = acl(0, [7, 'read'], [6, 'both'])
    await client.setPermissions('/t', permissions)
    await expect(client.getPermissions('/t')).resolves.toEqual(permissions)
    await expect(client.setPermissions('@releaseDomain', acl(0, [7, 'read']))).resolves.toBeUndefined()
  })
})

describe('what cannot be sent is refused with a reason', () => {
  const none = 'a:b'
  test.each<[name: string, message: RegExp, call: (c: XenstoreClient) => Promise<unknown>]>([
    ['read', /^read "a:b": not a path: it holds ":"/, c => c.read(none)],
    ['readText', /^read "": .*empty/, c => c.readText('')],
    ['write', /^write "a\/": .*ends in/, c => c.write('a/', '')],
    ['mkdir', /^mkdir "a\/\/b"/, c => c.mkdir('a//b')],
    ['rm', /^rm/, c => c.rm('a\0b')],
    ['list', /^list/, c => c.list(none)],
    ['exists', /^read/, c => c.exists(none)],
    ['getPermissions', /^getPermissions/, c => c.getPermissions(none)],
    ['setPermissions', /^setPermissions/, c => c.setPermissions(none, acl(0))],
    ['watch', /^watch "@other": .*begins with @/, c => firstValueFrom(c.watch('@other'))],
    ['a special path as a node', /^read "@releaseDomain"/, c => c.read('@releaseDomain')],
    ['a path in a transaction', /^write "a:b"/, c => c.transaction(tx => tx.write(none, ''))],
    ['a value too large', /^WRITE \/a: .*have 4097 bytes.*limit is 4096/, c => c.write('/a', 'x'.repeat(4094))],
    ['an owner', /-1 is not a domid; .* 0 to 32751/, c => c.setPermissions('/a', acl(-1))],
    ['a grant', /32752 is not a domid/, c => c.setPermissions('/a', acl(0, [32_752, 'read']))],
    ['an access', /entry for domain 7/, c => c.setPermissions('/a', acl(0, [7, 'all' as 'read']))],
    ['a domid', /^release: 0.5 is not a domid/, c => c.release(0.5)],
    ['a target', /^setTarget 7: 40000 is not a domid/, c => c.setTarget(7, 40_000)],
    ['a frame', /^introduce 7: gfn: -1 is not an integer from 0/, c => c.introduce(7, -1, 1)],
    ['a port', /^introduce 7: port: 0 is not an integer from 1/, c => c.introduce(7, 1n, 0)],
    ['no time at all', /^timeoutMs: it is 0, not a positive/, c => c.read('/a', { timeoutMs: 0 })],
    ['time without end', /^timeoutMs: it is Infinity/, c => c.read('/a', { timeoutMs: Infinity })],
  ])('%s', async (_name, message, call) => {
    await expect(call(client)).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(message) })
  })

  test('a payload of exactly the limit is sent', async () => {
    // 4096 - "/t/v" - NUL; a daemon's quota for values does not concern dom0.
    await client.write('/t/v', 'x'.repeat(4091))
    await expect(client.read('/t/v')).resolves.toHaveLength(4091)
  })
})

describe('watches', () => {
  test('emit their own path first, then each change at and below it', async () => {
    const { seen, until, subscription } = record(client.watch('/t'))
    await client.write('/t/a', '1')
    await client.rm('/t/a')
    await client.write('/elsewhere', '1')
    await client.write('/t', '2')
    await until(4)
    subscription.unsubscribe()
    expect(seen).toEqual(['/t', '/t/a', '/t/a', '/t'])
  })

  test('are apart: each subscription has its own, though the path is the same', async () => {
    const watched = client.watch('/t')
    const [first, second] = [record(watched), record(watched)]
    await Promise.all([first.until(1), second.until(1)])
    first.subscription.unsubscribe()
    await client.write('/t/a', '')
    await second.until(2)
    expect([first.seen, second.seen]).toEqual([['/t'], ['/t', '/t/a']])
    second.subscription.unsubscribe()
  })

  test('may be unsubscribed by the first event', async () => {
    await expect(firstValueFrom(client.watch('/t').pipe(take(1), toArray()))).resolves.toEqual(['/t'])
  })

  test('give their place at the daemon back when unsubscribed', async () => {
    await makeDomain(8)
    await withClient(async domain => {
      const paths = new Set<string>()
      // The quota is 128.
      for (let count = 0; count < 300; count++) paths.add(await firstValueFrom(domain.watch('data')))
      expect([...paths]).toEqual(['data'])
    }, daemon.domainSocketPath(8))
  })

  test('of relative paths emit relative paths', async () => {
    await makeDomain(9)
    await withClient(async domain => {
      const { seen, until } = record(domain.watch('data'))
      await domain.write('data/x', '')
      await until(2)
      expect(seen).toEqual(['data', 'data/x'])
    }, daemon.domainSocketPath(9))
  })

  test('error with the reason of an aborted signal, then are silent', async () => {
    const controller = new AbortController()
    const { seen, until } = record(client.watch('/t', { signal: controller.signal }))
    await until(1)
    controller.abort()
    await client.write('/t/a', '')
    expect(seen).toEqual(['/t', 'error: watch /t: aborted by the caller'])
  })

  test('complete on resetWatches, and on close', async () => {
    await withClient(async other => {
      const reset = record(other.watch('/t'))
      await reset.until(1)
      await other.resetWatches()
      await client.write('/t/a', '')
      expect(reset.seen).toEqual(['/t', 'complete'])
      const closed = record(other.watch('/t'))
      await closed.until(1)
      await other.close()
      expect(closed.seen).toEqual(['/t', 'complete'])
    })
  })
})

describe('transactions', () => {
  test('commit all or nothing', async () => {
    const result = await client.transaction(async tx => {
      await tx.write('/t/a', '1')
      await tx.mkdir('/t/b')
      await tx.setPermissions('/t/b', acl(0, [7, 'read']))
      expect(await client.list('/t')).toEqual([])
      return (await tx.list('/t')).sort()
    })
    expect(result).toEqual(['a', 'b'])
    await expect(client.readText('/t/a')).resolves.toBe('1')
  })

  test('abort when the body throws, and pass the error on', async () => {
    const mine = new Error('mine')
    const failed = client.transaction(async tx => {
      await tx.write('/t/a', '1')
      throw mine
    })
    await expect(failed).rejects.toBe(mine)
    await expect(client.exists('/t/a')).resolves.toBe(false)
  })

  test('abort when the body throws before it returns a promise', async () => {
    const failed = client.transaction(() => {
      throw new TypeError('at once')
    })
    await expect(failed).rejects.toThrow('at once')
  })

  test('count right when several clients count at once', async () => {
    await client.write('/t/count', '0')
    const counting = Array.from({ length: 3 }, () =>
      withClient(async other => {
        for (let round = 0; round < 5; round++) await increment(other)
      }),
    )
    await Promise.all(counting)
    await expect(client.readText('/t/count')).resolves.toBe('15')
  })
})

describe('domains', () => {
  test('have a path, and are introduced or not', async () => {
    await makeDomain(10)
    await expect(client.domainPath(10)).resolves.toBe('/local/domain/10')
    await expect(client.isIntroduced(10)).resolves.toBe(true)
    await expect(client.isIntroduced(11)).resolves.toBe(false)
    await expect(client.release(10)).resolves.toBeUndefined()
    await expect(client.isIntroduced(10)).resolves.toBe(false)
    await expect(client.introduce(11, 1, 1)).rejects.toMatchObject({ errno: 'EINVAL', message: 'INTRODUCE: EINVAL' })
  })

  test('have the permissions of their target in addition', async () => {
    await Promise.all([makeDomain(12), makeDomain(13)])
    await client.write('/t/secret', 'of 12')
    await client.setPermissions('/t/secret', acl(12))
    await withClient(async domain => {
      await expect(domain.read('/t/secret')).rejects.toMatchObject({ errno: 'EACCES' })
      await client.setTarget(13, 12)
      await expect(domain.readText('/t/secret')).resolves.toBe('of 12')
    }, daemon.domainSocketPath(13))
  })
})

describe('close', () => {
  test('ends what is pending and what comes later, and may be repeated', async () => {
    const other = await XenstoreClient.connect({ path: daemon.socketPath })
    const pending = other.read('/t').catch((error: unknown) => error)
    await Promise.all([other.close(), other.close()])
    expect(await pending).toMatchObject({ code: 'closed' })
    await expect(other.closed).resolves.toBeUndefined()
    await expect(other.read('/t')).rejects.toMatchObject({ code: 'closed' })
    await expect(other.transaction(async () => 1)).rejects.toMatchObject({ code: 'closed' })
    await other.close()
  })
})
