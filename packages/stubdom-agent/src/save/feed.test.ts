import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { feed } from './feed.ts'

/** More than a socket takes without a reader. */
const PIECES = 64
const PIECE_BYTES = 64 * 1024

/** As a file's pieces: each is good until the next one only. */
async function* pieces(): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(PIECE_BYTES)
  for (let index = 0; index < PIECES; index++) yield piece.fill(index)
}

async function listener(): Promise<{ path: string; server: Server }> {
  const directory = await mkdtemp(join(tmpdir(), 'feed-'))
  const path = join(directory, 'socket')
  const server = createServer({ pauseOnConnect: true }).listen(path)
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    await rm(directory, { recursive: true })
  })
  return { path, server }
}

async function readerAt(server: Server): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket]
  socket.on('error', () => {})
  return socket
}

test('a reader gets every piece as it was, and the end', async () => {
  const { path, server } = await listener()
  const fed = feed(path, pieces(), new AbortController().signal)
  const reader = await readerAt(server)
  const came: Buffer[] = []
  for await (const piece of reader) came.push(piece)
  await fed
  const whole = Buffer.concat(came)
  expect(whole.length).toBe(PIECES * PIECE_BYTES)
  for (let index = 0; index < PIECES; index++) {
    const piece = whole.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES)
    expect(piece.every(byte => byte === index)).toBe(true)
  }
})

test('a reader that closes in the middle ends it', async () => {
  const { path, server } = await listener()
  const fed = feed(path, pieces(), new AbortController().signal)
  const reader = await readerAt(server)
  reader.once('data', () => reader.destroy()).resume()
  await expect(fed).rejects.toThrow(/EPIPE|ECONNRESET|closed/)
})

test('a reader that never reads is given up when the signal aborts', async () => {
  const { path, server } = await listener()
  const over = new AbortController()
  const fed = feed(path, pieces(), over.signal)
  const reader = await readerAt(server)
  over.abort()
  await expect(fed).rejects.toThrow(/abort/)
  reader.destroy()
})

test('nobody listens', async () => {
  const fed = feed(join(tmpdir(), 'no-such-socket'), pieces(), new AbortController().signal)
  await expect(fed).rejects.toThrow('ENOENT')
})
