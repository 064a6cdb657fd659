import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { consoleMark, type Hello } from '@stubdom/protocol'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { UsageError } from '../errors.ts'
import type { StateWays } from '../state/choice.ts'
import { HELLO } from '../testing/agent.ts'
import { type RestoreStateArgs, StateRestoring } from './restore-state.ts'

const ID = '0mhx3ab0-00x7k2q'
const STATE = Buffer.concat([Buffer.from('QEVM'), Buffer.alloc(100_000, 'state')])
const MEASURE = { bytes: STATE.length, sha256: createHash('sha256').update(STATE).digest('hex') }
const ALL: Hello = { ...HELLO, restoreChannels: ['file', 'xenstore', 'console'] }

let dir: string
const at = (name: string) => join(dir, name)
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rs-'))
  await writeFile(at('state'), STATE)
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const noConsole: StateWays['consolePath'] = () => Promise.reject(new UsageError('there is none'))

async function prepare(
  args: Partial<RestoreStateArgs> = {},
  ways: Partial<StateWays> = {},
  pickUp = false,
): Promise<StateRestoring> {
  const all = { saveDir: undefined, consolePath: noConsole, ...ways }
  const restoring = await StateRestoring.prepare(ID, { file: at('state'), ...args }, all, pickUp)
  onTestFinished(() => restoring.end())
  return restoring
}

test('a directory is preferred; what was put there goes at the end', async () => {
  const restoring = await prepare({}, { saveDir: dir })
  expect(await restoring.argsFor(ALL)).toEqual({ channel: 'file', ...MEASURE })
  expect((await readFile(at(`${ID}.state`))).equals(STATE)).toBe(true)
  await restoring.end()
  expect(await readdir(dir)).toEqual(['state'])
})

test('what the agent does not have is passed over', async () => {
  const restoring = await prepare({}, { saveDir: dir })
  const { data = '', ...rest } = await restoring.argsFor({ ...ALL, restoreChannels: ['xenstore'] })
  expect(rest).toEqual({ channel: 'xenstore', ...MEASURE })
  expect(inflateRawSync(Buffer.from(data, 'base64')).equals(STATE)).toBe(true)
  expect(await readdir(dir)).toEqual(['state'])
})

test('a state that is too large for a request goes by the console, once the agent reads it', async () => {
  const large = Buffer.concat([Buffer.from('QEVM'), randomBytes(300_000)])
  await writeFile(at('state'), large)
  execFileSync('mkfifo', [at('console.in')])
  const restoring = await prepare({}, { consolePath: async () => at('console') })
  expect(await restoring.argsFor(ALL)).toMatchObject({ channel: 'console', bytes: large.length })
  const received = readFile(at('console.in'))
  restoring.onPending({ v: 1, state: 'running', digest: '0'.repeat(16), stage: 'receiving' })
  expect((await received).equals(Buffer.concat([consoleMark(ID), large]))).toBe(true)
})

test('picked up, nothing is sent once more', async () => {
  const restoring = await prepare({}, { saveDir: dir }, true)
  expect(await restoring.argsFor(ALL)).toEqual({ channel: 'file', ...MEASURE })
  expect(await readdir(dir)).toEqual(['state'])
})

test.each<[name: string, args: Partial<RestoreStateArgs>, hello: Partial<Hello>, message: RegExp]>([
  ['an agent that restores nothing', {}, { restoreChannels: undefined }, /the agent cannot restore by xenstore/],
  ['a console that is a file', { console: process.execPath }, {}, /is no FIFO and no terminal/],
])('%s: nothing is sent', async (_name, args, hello, message) => {
  const restoring = await prepare(args)
  await expect(restoring.argsFor({ ...ALL, ...hello } as Hello)).rejects.toMatchObject({
    name: 'CommandFailedError',
    code: 'restore-failed',
    outcome: 'not-done',
    message: expect.stringMatching(message),
  })
})

test('somebody’s file in the directory is not replaced', async () => {
  await writeFile(at(`${ID}.state`), 'theirs')
  const restoring = await prepare({ channel: 'file' }, { saveDir: dir })
  await expect(restoring.argsFor(ALL)).rejects.toThrow(/EEXIST/)
  await restoring.end()
  expect(await readFile(at(`${ID}.state`), 'utf8')).toBe('theirs')
})
