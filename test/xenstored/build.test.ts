import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildShim } from './build.ts'
import { daemons } from './daemons.ts'

let cache: string

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'xb-'))
})

afterEach(async () => {
  await rm(cache, { recursive: true, force: true })
})

describe.runIf(daemons().length > 1)('the library that the daemons are started with', () => {
  test('is built once, also when several want it at the same time', async () => {
    const builds = await Promise.all([buildShim(cache), buildShim(cache), buildShim(cache)])
    expect(new Set(builds).size).toBe(1)
    expect(await readdir(cache)).toEqual([basename(builds[0])])
    expect((await readFile(builds[0])).subarray(1, 4).toString()).toBe('ELF')
    expect(await buildShim(cache)).toBe(builds[0])
  })

  test('is built without warnings', async () => {
    const strict = buildShim(cache, ['-O2', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared'])
    await expect(strict).resolves.toMatch(/\.so$/)
  })

  test('tells what the compiler says when it cannot be built, and leaves nothing behind', async () => {
    await expect(buildShim(cache, ['--no-such-flag'])).rejects.toMatchObject({
      code: 'daemon-failed',
      message: expect.stringContaining('--no-such-flag'),
    })
    expect(await readdir(cache)).toEqual([])
  })
})
