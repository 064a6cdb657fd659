import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { XenstoreClient } from '../client/client.ts'
import { EmbeddedXenstored } from './embedded.ts'

const run = promisify(execFile)

/** Debian's package xenstore-utils. */
const isInstalled = existsSync('/usr/bin/xenstore-ls')
if (!isInstalled && process.env['CI'] === 'true')
  throw new Error('xenstore-utils is missing: apt-get install xenstore-utils')
if (!isInstalled) console.warn('Skipped: xenstore-utils is not installed (apt-get install xenstore-utils)')

let server: EmbeddedXenstored
let asDom0: NodeJS.ProcessEnv
let asDomain7: NodeJS.ProcessEnv

async function xenstore(env: NodeJS.ProcessEnv, program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(`/usr/bin/xenstore-${program}`, args, { env, timeout: 10_000 })
  return stdout
}

beforeAll(async () => {
  if (!isInstalled) return
  server = await EmbeddedXenstored.start()
  asDom0 = { XENSTORED_RUNDIR: server.dir }
  asDomain7 = { XENSTORED_PATH: server.domainSocketPath(7) }
  await server.createDomain(7)
  await xenstore(asDom0, 'write', '/local/domain/7/data', '')
  await xenstore(asDom0, 'chmod', '/local/domain/7', 'n0', 'r7')
  await xenstore(asDom0, 'chmod', '/local/domain/7/data', 'n7')
  // None of the programs introduces domains: that is the toolstack's work.
  const toolstack = await XenstoreClient.connect({ path: server.socketPath })
  await toolstack.introduce(7, 1, 1)
  await toolstack.close()
})

afterAll(async () => {
  await server?.stop()
})

describe.skipIf(!isInstalled)("Debian's programs", () => {
  test('see the tree with its permissions', async () => {
    expect((await xenstore(asDom0, 'ls', '-f', '-p')).trimEnd().split('\n')).toEqual([
      '/tool = ""   (n0)',
      '/tool/xenstored = ""   (n0)',
      '/local = ""   (n0)',
      '/local/domain = ""   (n0)',
      '/local/domain/7 = ""   (n0,r7)',
      '/local/domain/7/data = ""   (n7)',
    ])
  })

  test('read, write, list, look for and remove', async () => {
    await xenstore(asDom0, 'write', '/t/x', 'some text', '/t/y', '')
    expect(await xenstore(asDom0, 'read', '/t/x')).toBe('some text\n')
    expect(await xenstore(asDom0, 'list', '/t')).toBe('x\ny\n')
    await xenstore(asDom0, 'exists', '/t/y')
    await xenstore(asDom0, 'rm', '/t')
    await expect(xenstore(asDom0, 'exists', '/t')).rejects.toMatchObject({ code: 1 })
    await expect(xenstore(asDom0, 'read', '/t')).rejects.toMatchObject({
      stderr: expect.stringContaining("couldn't read path /t"),
    })
  })

  test('list a directory that is too large for one message', async () => {
    const names = Array.from({ length: 600 }, (_, index) => `child-${1000 + index}`)
    await xenstore(asDom0, 'write', ...names.flatMap(name => [`/large/${name}`, '']))
    expect(await xenstore(asDom0, 'list', '/large')).toBe(`${names.join('\n')}\n`)
  })

  test('speak for a domain', async () => {
    await xenstore(asDom0, 'write', '/private', 'x')
    await xenstore(asDomain7, 'write', 'data/x', 'from seven')
    expect(await xenstore(asDom0, 'ls', '-p', '/local/domain/7/data')).toMatch(/^x = "from seven" .* \(n7\)\n$/)
    expect(await xenstore(asDomain7, 'read', '/local/domain/7/data/x')).toBe('from seven\n')
    await expect(xenstore(asDomain7, 'read', '/private')).rejects.toMatchObject({
      stderr: expect.stringContaining("couldn't read path /private"),
    })
    await expect(xenstore(asDomain7, 'chmod', 'data', 'n0')).rejects.toMatchObject({ code: 1 })
  })

  test('watch', async () => {
    const watching = spawn('/usr/bin/xenstore-watch', ['-n', '3', '/w'], {
      env: asDom0,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = readLines(watching)
    expect(await lines.next()).toMatchObject({ value: '/w' })
    await xenstore(asDom0, 'write', '/w/a', '1')
    expect(await lines.next()).toMatchObject({ value: '/w/a' })
    await xenstore(asDom0, 'rm', '/w')
    expect(await lines.next()).toMatchObject({ value: '/w' })
    expect(await lines.next()).toMatchObject({ done: true })
  })
})

async function* readLines(child: ChildProcess): AsyncGenerator<string> {
  let rest = ''
  const exited = once(child, 'exit', { signal: AbortSignal.timeout(10_000) })
  for await (const chunk of child.stdout ?? []) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  await exited
}
