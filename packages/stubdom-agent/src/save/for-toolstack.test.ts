import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { saveBare } from './for-toolstack.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bare-'))
  execFileSync('mkfifo', [join(dir, 'console')])
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const follower = { signal: new AbortController().signal, progress: () => {} }
/** More than a FIFO holds. */
const STATE = randomBytes(200_000)

test('exactly what was written comes out of the console, and is counted and hashed', async () => {
  const received = readFile(join(dir, 'console'))
  // Only opened for writing once it is open for reading, as a console always is.
  const kept = await open(join(dir, 'console'), 'r+')
  const measure = await saveBare(join(dir, 'console'), path => writeFile(path, STATE), follower)
  await kept.close()
  expect((await received).equals(STATE)).toBe(true)
  expect(measure).toEqual({ bytes: STATE.length, sha256: createHash('sha256').update(STATE).digest('hex') })
  expect(await readdir(dir)).toEqual(['console'])
})

test('what QEMU rejects with is passed on', async () => {
  const refused = new Error('refused')
  await expect(saveBare(join(dir, 'console'), () => Promise.reject(refused), follower)).rejects.toBe(refused)
})

test('a console that nobody reads from', async () => {
  await expect(saveBare(join(dir, 'console'), path => writeFile(path, STATE), follower)).rejects.toMatchObject({
    code: 'save-failed',
    message: expect.stringMatching(/console .* took 0 of 200000 bytes: ENXIO/),
  })
})

test('an abort ends a console that takes no more', async () => {
  const kept = await open(join(dir, 'console'), 'r+')
  const abort = new AbortController()
  const saving = saveBare(join(dir, 'console'), path => writeFile(path, STATE), {
    signal: abort.signal,
    progress: done => done > 0 && abort.abort(new Error('enough')),
  })
  await expect(saving).rejects.toThrow('enough')
  await kept.close()
})
