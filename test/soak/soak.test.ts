import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { daemons } from '@stubdom/test-xenstored'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Outcome } from './soak.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FLAGS = ['--import', 'tsx', '--conditions=@stubdom/source', 'test/soak/main.ts']

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'soaking-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

/** With a temporary directory of its own, so that what it leaves behind can be seen. */
async function soak(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = { cwd: ROOT, env: { ...process.env, TMPDIR: directory } }
  const end = await promisify(execFile)(process.execPath, [...FLAGS, ...args], options).catch(error => error)
  return { code: end.code ?? 0, stdout: end.stdout, stderr: end.stderr }
}

describe.runIf(daemons().includes('c'))('a short soak', () => {
  test('counts, samples, finds nothing that must not happen, and leaves nothing behind', {
    timeout: 240_000,
  }, async () => {
    const file = join(directory, 'soak.json')
    const { code, stdout, stderr } = await soak('--minutes', '0.1', '--interval', '4', '--seed', '3', '--json', file)
    const outcome = JSON.parse(await readFile(file, 'utf8')) as Outcome
    expect(outcome.problems, stderr).toEqual([])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^verdict: no problem; too short/m)
    for (const { sample, library } of outcome.periods) {
      expect(library.done).toBeGreaterThan(0)
      expect(sample.watches).toBeGreaterThan(0)
      expect(Object.keys(sample.processes)).toHaveLength(5)
      expect(
        Object.values(sample.processes).every(({ rssBytes, descriptors }) => rssBytes > 0 && descriptors > 0),
      ).toBe(true)
    }
    // tsx keeps what it compiled.
    const left = (await readdir(directory)).filter(name => !name.startsWith('tsx-'))
    expect(left).toEqual(['soak.json'])
  })
})

test.each([
  [['--minutes', 'many'], /many is no number/],
  [['--minutes', '0'], /less than/],
  [['--hours', '1'], /--hours/],
])('%j is refused', async (args, message) => {
  const { code, stderr } = await soak(...args)
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})

test('--help says what there is', async () => {
  const { code, stdout } = await soak('--help')
  expect(code).toBe(0)
  expect(stdout).toMatch(/--minutes N.*--interval N.*--seed N.*--json FILE.*Exit codes/s)
})
