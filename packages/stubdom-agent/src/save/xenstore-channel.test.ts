import { randomBytes } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { STATE_TEXT_MAX } from '@stubdom/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NamelessFile } from './nameless-file.ts'
import { XenstoreChannel } from './xenstore-channel.ts'

let file: NamelessFile
beforeEach(async () => {
  file = await NamelessFile.create()
})
afterEach(() => file.close())

const follower = { signal: new AbortController().signal, progress: () => {} }
const channel = new XenstoreChannel()
const sent = async (content: Buffer) => {
  await file.write(content)
  return channel.send('id', file, await file.measure(), follower)
}
const content = async () => {
  const pieces: Buffer[] = []
  for await (const piece of file.pieces()) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

test.each([
  ['a large state that compresses well', Buffer.alloc(4_000_000, 'state')],
  ['the most that does not compress', randomBytes(STATE_TEXT_MAX * 0.745)],
])('%s fits, and comes back', async (_name, state) => {
  const data = (await sent(state))?.data ?? ''
  expect(inflateRawSync(Buffer.from(data, 'base64')).equals(state)).toBe(true)
  expect(data.length).toBeLessThanOrEqual(STATE_TEXT_MAX)
})

test('a state that does not fit is left to another channel', async () => {
  expect(await sent(randomBytes(STATE_TEXT_MAX * 0.76))).toBeUndefined()
})

const deflated = (text: string) => import('node:zlib').then(zlib => zlib.deflateRawSync(text).toString('base64'))

test('a state in a request is taken', async () => {
  await channel.receive('id', { bytes: 5, sha256: '', data: await deflated('state') }, file, follower)
  expect((await content()).toString()).toBe('state')
})

test.each([
  ['none', async () => undefined, 'bad-request', /args\.data is missing/],
  ['no deflated data', async () => 'AAAA', 'restore-failed', /not the state announced/],
  ['more than was announced', () => deflated('x'.repeat(1_000_000)), 'restore-failed', /larger than 5 bytes/],
])('%s is refused', async (_name, make, code, message) => {
  const data = await make()
  const announced = { bytes: 5, sha256: '', ...(data === undefined ? {} : { data }) }
  await expect(channel.receive('id', announced, file, follower)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  })
  expect(await content()).toHaveLength(0)
})
