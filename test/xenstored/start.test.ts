import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { XenstoreClient } from '@stubdom/xenstore'
import { firstValueFrom, ReplaySubject } from 'rxjs'
import { filter, take, toArray } from 'rxjs/operators'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Daemon, daemons, startXenstored, type TestXenstored } from './start.ts'
import { Wire } from './wire.ts'

let xenstored: TestXenstored
const start = (daemon: Daemon) => async () => {
  xenstored = await startXenstored({ daemon })
}
const stop = () => xenstored.stop()

/** Everything that a watch reports, from its registration on. */
function watched(client: XenstoreClient, path: string): ReplaySubject<string> {
  const events = new ReplaySubject<string>()
  client.watch(path).subscribe(events)
  return events
}

describe.each(daemons())('%s', daemon => {
  beforeEach(start(daemon))
  afterEach(stop)

  test('starts with an almost empty store, and leaves nothing behind', async () => {
    const makesSpecialNodes = ['@introduceDomain', '@releaseDomain', 'local', 'tool']
    expect(await xenstored.dom0.list('/')).toEqual(daemon === 'ocaml' ? makesSpecialNodes : ['tool'])
    await xenstored.stop()
    expect(existsSync(xenstored.dir)).toBe(false)
  })

  test('runs twenty times side by side', async () => {
    const many = await Promise.all(Array.from({ length: 20 }, () => startXenstored({ daemon })))
    try {
      await Promise.all(many.map((one, index) => one.dom0.write('/which', `${index}`)))
      const values = await Promise.all(many.map(one => one.dom0.readText('/which')))
      expect(values).toEqual(many.map((_, index) => `${index}`))
    } finally {
      await Promise.all(many.map(one => one.stop()))
    }
  })

  test("lets a domain read its own home and write its data, but nothing of others'", async () => {
    const seven = await xenstored.domain(7)
    await xenstored.createDomain(8)
    await xenstored.dom0.write('/local/domain/8/data/secret', 'x')
    expect(await seven.list('/local/domain/7')).toEqual(['data'])
    await seven.write('data/x', '7')
    expect(await xenstored.dom0.readText('/local/domain/7/data/x')).toBe('7')
    await expect(seven.write('y', '7')).rejects.toMatchObject({ errno: 'EACCES' })
    await expect(seven.list('/local/domain/8/data')).rejects.toMatchObject({ errno: 'EACCES' })
    await expect(seven.read('/local/domain/8/data/secret')).rejects.toMatchObject({ errno: 'EACCES' })
  })

  test('lets a stubdomain act for its target', async () => {
    const six = await xenstored.domain(6)
    const seven = await xenstored.domain(7, { target: 6 })
    await six.write('data/x', '6')
    expect(await seven.readText('/local/domain/6/data/x')).toBe('6')
    await expect(six.list('/local/domain/7/data')).rejects.toMatchObject({ errno: 'EACCES' })
  })

  test('serves the next client of a domain without the watches and transactions of the last one', async () => {
    const first = await xenstored.domain(7)
    await firstValueFrom(watched(first, 'data'))
    const before = await xenstored.counts()
    expect(before.watches).toBe(1)
    const abandoned = first.transaction(() => new Promise(() => {}), { timeoutMs: 60_000 })
    await first.write('data/x', '1')
    await Promise.all([first.close(), expect(abandoned).rejects.toMatchObject({ code: 'closed' })])
    const second = await xenstored.connectDomain(7)
    expect(await second.readText('data/x')).toBe('1')
    const { watches, transactions } = await xenstored.counts()
    expect({ watches, transactions }).toEqual({ watches: 0, transactions: daemon === 'ocaml' ? undefined : 0 })
  })

  test('removes what a domain owns when it dies, and says so', async () => {
    const seven = await xenstored.domain(7)
    await seven.write('data/x', '1')
    const releases = watched(xenstored.dom0, '@releaseDomain')
    await firstValueFrom(releases)
    await xenstored.destroyDomain(7)
    expect(await firstValueFrom(releases.pipe(take(2), toArray()))).toEqual(['@releaseDomain', '@releaseDomain'])
    expect(await xenstored.dom0.exists('/local/domain/7/data')).toBe(false)
    expect(await seven.closed).toMatchObject({ code: 'lost' })
    expect(await xenstored.dom0.isIntroduced(7)).toBe(false)
  })

  test('says that a domain has shut down, and keeps it', async () => {
    const seven = await xenstored.domain(7)
    const releases = watched(xenstored.dom0, '@releaseDomain')
    await firstValueFrom(releases)
    await xenstored.shutdownDomain(7)
    await firstValueFrom(releases.pipe(take(2), toArray()))
    await seven.write('data/x', '1')
    expect(await xenstored.dom0.isIntroduced(7)).toBe(true)
  })

  test('creates a domain anew under the number of a dead one', async () => {
    for (const value of ['1', '2', '3']) {
      const seven = await xenstored.domain(7)
      await seven.write('data/x', value)
      expect(await seven.readText('data/x')).toBe(value)
      await xenstored.destroyDomain(7)
      await xenstored.dom0.rm('/local/domain/7')
    }
  })

  test('loses everything by a restart', async () => {
    const seven = await xenstored.domain(7)
    const { dom0 } = xenstored
    await dom0.write('/local/x', '1')
    await xenstored.restart()
    expect(await dom0.closed).toMatchObject({ code: 'lost' })
    expect(await seven.closed).toMatchObject({ code: 'lost' })
    expect(await xenstored.dom0.exists('/local/x')).toBe(false)
    expect(await xenstored.dom0.isIntroduced(7)).toBe(false)
    await (await xenstored.domain(7)).write('data/x', '2')
  })

  test('is not there any more once it is killed', async () => {
    await xenstored.kill()
    await expect(xenstored.connect()).rejects.toMatchObject({ code: 'unavailable' })
    await xenstored.restart()
  })

  test('counts nodes, watches and open transactions', async () => {
    await xenstored.dom0.mkdir('/local/domain')
    const before = await xenstored.counts()
    const told = daemon !== 'ocaml'
    expect(before).toMatchObject({ watches: 0, transactions: told ? 0 : undefined })
    const seven = await xenstored.domain(7)
    await seven.write('data/a/b', '1')
    await firstValueFrom(watched(xenstored.dom0, '/a'))
    await firstValueFrom(watched(seven, 'data'))
    await xenstored.dom0.transaction(async () => {
      expect((await xenstored.counts()).transactions).toBe(told ? 1 : undefined)
    })
    expect(await xenstored.counts()).toEqual({
      nodes: before.nodes + 4,
      watches: 2,
      transactions: told ? 0 : undefined,
    })
  })
})

describe.each(daemons())("Debian's programs with %s", daemon => {
  beforeEach(start(daemon))
  afterEach(stop)

  async function xenstore(environment: NodeJS.ProcessEnv, program: string, ...args: readonly string[]) {
    const options = { env: environment, timeout: 20_000 }
    return (await promisify(execFile)(`/usr/bin/xenstore-${program}`, args, options)).stdout
  }
  const asDom0 = (...args: readonly [string, ...string[]]) => xenstore({ XENSTORED_RUNDIR: xenstored.dir }, ...args)
  const asDomain7 = (...args: readonly [string, ...string[]]) =>
    xenstore({ XENSTORED_PATH: xenstored.domainSocketPath(7) }, ...args)

  test('work for dom0', async () => {
    await asDom0('write', '/t/x', 'some text')
    await asDom0('chmod', '/t/x', 'n0', 'r7')
    expect(await asDom0('read', '/t/x')).toBe('some text\n')
    expect(await asDom0('ls', '-p', '/t')).toMatch(/^x = "some text" .*\(n0,r7\)\n$/)
    await asDom0('rm', '/t')
    await expect(asDom0('read', '/t/x')).rejects.toMatchObject({ code: 1 })
  })

  test('work for a domain', async () => {
    await xenstored.createDomain(7)
    await asDomain7('write', 'data/x', 'from 7')
    await asDomain7('chmod', 'data/x', 'n7', 'r0')
    expect(await asDomain7('read', '/local/domain/7/data/x')).toBe('from 7\n')
    expect(await asDomain7('ls', '-p', '/local/domain/7')).toMatch(/^data = "" .*\(n7\)\n x = "from 7" .*\(n7,r0\)\n$/)
    await expect(asDomain7('write', 'x', '1')).rejects.toMatchObject({ code: 1 })
    await expect(asDomain7('read', '/tool')).rejects.toMatchObject({ code: 1 })
    expect(await asDom0('read', '/local/domain/7/data/x')).toBe('from 7\n')
  })

  test.each([
    ['dom0', () => ({ XENSTORED_RUNDIR: xenstored.dir })],
    ['domain 7', () => ({ XENSTORED_PATH: xenstored.domainSocketPath(7) })],
  ])('watch for %s', async (_, environment) => {
    await xenstored.createDomain(7)
    const watching = spawn('/usr/bin/xenstore-watch', ['-n', '3', '/local/domain/7/data'], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = new ReplaySubject<string>()
    createInterface({ input: watching.stdout }).on('line', line => lines.next(line))
    const exited = once(watching, 'exit', { signal: AbortSignal.timeout(20_000) })
    await firstValueFrom(lines)
    for (const name of ['a', 'b']) {
      const path = `/local/domain/7/data/${name}`
      await xenstored.dom0.write(path, '1')
      await firstValueFrom(lines.pipe(filter(line => line === path)))
    }
    expect((await exited)[0]).toBe(0)
  })
})

describe.runIf(daemons().includes('c'))('a live update of C xenstored', () => {
  beforeEach(start('c'))
  afterEach(stop)

  test('keeps connections, watches, targets and domains', async () => {
    await xenstored.createDomain(6)
    const seven = await xenstored.domain(7, { target: 6 })
    const ofDom0 = watched(xenstored.dom0, '/local/domain/7/data')
    const ofSeven = watched(seven, 'data')
    await Promise.all([firstValueFrom(ofDom0), firstValueFrom(ofSeven)])
    await xenstored.liveUpdate()
    await xenstored.liveUpdate()
    await seven.write('data/x', '7')
    expect(await firstValueFrom(ofDom0.pipe(take(2), toArray()))).toContain('/local/domain/7/data/x')
    expect(await firstValueFrom(ofSeven.pipe(take(2), toArray()))).toContain('data/x')
    expect(await seven.list('/local/domain/6/data')).toEqual([])
    await xenstored.destroyDomain(7)
    expect(await xenstored.dom0.exists('/local/domain/7/data')).toBe(false)
    await (await xenstored.domain(8)).write('data/x', '8')
  })
})

test.each(daemons().filter(daemon => daemon !== 'embedded'))('a %s daemon dies with who started it', async daemon => {
  const program = `
    const { startXenstored } = await import(${JSON.stringify(new URL('start.ts', import.meta.url).href)})
    const { dir } = await startXenstored({ daemon: '${daemon}' })
    process.stdout.write(dir, () => process.kill(process.pid, 'SIGKILL'))
  `
  const flags = ['--conditions=@stubdom/source', '--import=tsx', '--input-type=module', '--eval', program]
  const killed = await promisify(execFile)(process.execPath, flags, { timeout: 20_000 }).catch(error => error)
  const dir = killed.stdout
  // Its files stay, but nobody listens any more.
  const isListening = () =>
    Wire.connect(join(dir, 'socket')).then(
      wire => wire.close(),
      ({ code }) => code,
    )
  await expect.poll(isListening).toBe('ECONNREFUSED')
  await rm(dir, { recursive: true })
})

describe('what cannot be', () => {
  test('a quota that the daemon does not have is named', async () => {
    if (!daemons().includes('ocaml')) return
    await expect(startXenstored({ daemon: 'ocaml', quotas: { permissions: 5 } })).rejects.toThrow(/"permissions"/)
  })

  test.each(
    (
      [
        ['c', '--quota=no-such-thing=1'],
        ['ocaml', '--no-such-thing'],
      ] as const
    ).filter(([daemon]) => daemons().includes(daemon)),
  )('a %s daemon that ends by itself fails the test, with what it said', async (daemon, argument) => {
    await expect(startXenstored({ daemon, args: [argument] })).rejects.toMatchObject({
      code: 'daemon-failed',
      message: expect.stringContaining('no-such-thing'),
    })
  })

  test.runIf(daemons().includes('c'))('a daemon that is killed behind the back of its test fails it', async () => {
    const started = await startXenstored({ daemon: 'c' })
    process.kill(started.pid ?? 0, 'SIGABRT')
    await started.dom0.closed
    await expect(started.stop()).rejects.toMatchObject({ code: 'daemon-failed' })
  })
})
