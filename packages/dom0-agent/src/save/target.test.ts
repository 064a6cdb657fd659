import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SaveTarget } from './target.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'st-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const expected = (content: string) => ({
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
})

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

test('checking leaves nothing behind and an earlier file as it was', async () => {
  await writeFile(join(dir, 'out'), 'earlier')
  await SaveTarget.check(join(dir, 'out'))
  expect(await readdir(dir)).toEqual(['out'])
  expect(await readFile(join(dir, 'out'), 'utf8')).toBe('earlier')
})

test('the earlier file stands until everything has arrived', async () => {
  const file = join(dir, 'out')
  await writeFile(file, 'earlier')
  const seen: string[] = []
  async function* watched(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('sta')
    seen.push(await readFile(file, 'utf8'))
    yield Buffer.from('te')
    seen.push(await readFile(file, 'utf8'))
  }
  await (await SaveTarget.check(file)).store(watched(), expected('state'))
  expect(seen).toEqual(['earlier', 'earlier'])
  expect(await readFile(file, 'utf8')).toBe('state')
  expect(await readdir(dir)).toEqual(['out'])
})

test.each<[name: string, texts: string[], error: string]>([
  ['fewer bytes', ['stat'], 'SaveChannelError'],
  ['more bytes', ['state', '!'], 'SaveChannelError'],
  ['other bytes', ['stat', 'a'], 'SaveChannelError'],
])('%s: no file, no remains', async (_name, texts, name) => {
  const target = await SaveTarget.check(join(dir, 'out'))
  await expect(target.store(pieces(...texts), expected('state'))).rejects.toMatchObject({ name })
  expect(await readdir(dir)).toEqual([])
})

test('a directory that went away meanwhile: the error says that the state is lost', async () => {
  const target = await SaveTarget.check(join(dir, 'out'))
  await rename(dir, `${dir}-elsewhere`)
  await expect(target.store(pieces('state'), expected('state'))).rejects.toMatchObject({
    name: 'SaveTargetError',
    outcome: 'partly',
    message: expect.stringMatching(/ENOENT/),
  })
  await rename(`${dir}-elsewhere`, dir)
})

test('what a killed process left beside the target goes; what belongs to a living one, or to another target, stays', async () => {
  const dead = spawnSync('true').pid
  const left = [
    `out.${dead}.0123abcd.tmp`,
    `out.${process.pid}.0123abcd.tmp`,
    `out2.${dead}.0123abcd.tmp`,
    'out.old.tmp',
  ]
  for (const name of left) await writeFile(join(dir, name), '')
  await SaveTarget.check(join(dir, 'out'))
  expect((await readdir(dir)).toSorted()).toEqual(left.slice(1).toSorted())
})

test('a link keeps leading to the file', async () => {
  await writeFile(join(dir, 'real'), 'earlier')
  await symlink(join(dir, 'real'), join(dir, 'link'))
  await (await SaveTarget.check(join(dir, 'link'))).store(pieces('state'), expected('state'))
  expect(await readFile(join(dir, 'real'), 'utf8')).toBe('state')
})
