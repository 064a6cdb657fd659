import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { STATE_BYTES_MAX } from '@stubdom/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FileChannel } from './file-channel.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fc-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const path = (): string => join(dir, 'id.state')

async function receive(bytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of await new FileChannel(dir).open('id', bytes)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

test.each([0, 1, 1_000_000])('%d bytes arrive', async bytes => {
  const content = Buffer.alloc(bytes, 'state')
  await writeFile(path(), content)
  expect(content.equals(await receive(bytes))).toBe(true)
})

test.each<[name: string, put: () => Promise<unknown>, bytes: number, message: RegExp]>([
  ['nothing', async () => {}, 4, /id\.state: ENOENT/],
  [
    'a link to another file',
    async () => {
      await writeFile(join(dir, 'secret'), 'root')
      await symlink(join(dir, 'secret'), path())
    },
    4,
    /it is a symbolic link/,
  ],
  ['a FIFO, which nobody writes to', async () => execFileSync('mkfifo', [path()]), 4, /not a regular file/],
  ['a directory', () => mkdir(path()), 4, /not a regular file/],
  ['fewer bytes', () => writeFile(path(), 'abc'), 4, /has 3 bytes, the agent announced 4/],
  ['more bytes', () => writeFile(path(), 'abcde'), 4, /has 5 bytes, the agent announced 4/],
  ['too many bytes', () => writeFile(path(), ''), STATE_BYTES_MAX + 1, /the limit is/],
])('%s is refused', async (_name, put, bytes, message) => {
  await put()
  await expect(receive(bytes)).rejects.toMatchObject({
    name: 'SaveChannelError',
    message: expect.stringMatching(message),
  })
})

test('a file that becomes shorter while it is read is refused', async () => {
  await writeFile(path(), Buffer.alloc(600_000))
  const pieces = await new FileChannel(dir).open('id', 600_000)
  await truncate(path(), 300_000)
  const read = async (): Promise<number> => {
    let bytes = 0
    for await (const piece of pieces) bytes += piece.length
    return bytes
  }
  await expect(read()).rejects.toThrow(/became shorter/)
})
