import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { type CommandResult, STATE_BYTES_MAX } from '@stubdom/protocol'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SaveChannelError } from './channel.ts'
import { XenstoreChannel } from './xenstore-channel.ts'

type Answer = Pick<CommandResult<'save-state'>, 'bytes' | 'data'>

async function take({ bytes, data }: Answer): Promise<Buffer> {
  const arrival = await new XenstoreChannel().listen()
  const about = { channel: 'xenstore', sha256: 'f'.repeat(64), before: 'running', runState: 'paused' } as const
  const pieces = await arrival.take(data === undefined ? { ...about, bytes } : { ...about, bytes, data })
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

const deflated = (state: Uint8Array): string => deflateRawSync(state).toString('base64')
/** What fits an answer and inflates to more than a state may have. */
const bomb = deflated(Buffer.alloc(STATE_BYTES_MAX + 1))

test('a state comes out as it was put in', async () => {
  const state = randomBytes(10_000)
  expect(await take({ bytes: state.length, data: deflated(state) })).toEqual(state)
})

test.each<[string, Answer, RegExp]>([
  ['holds none', { bytes: 1 }, /holds no state/],
  ['holds no deflated state', { bytes: 1, data: 'AAAA' }, /is broken/],
  ['holds more than was announced', { bytes: 9, data: deflated(Buffer.alloc(10)) }, /is broken/],
  ['holds much more than was announced', { bytes: 100_000, data: bomb }, /is broken/],
  ['announces more than a state may have', { bytes: STATE_BYTES_MAX + 1, data: bomb }, /the limit is 67108864/],
  ['announces what no buffer can hold', { bytes: Number.MAX_SAFE_INTEGER, data: bomb }, /the limit is/],
])('an answer is refused that %s', async (_, answer, problem) => {
  const taken = take(answer)
  await expect(taken).rejects.toBeInstanceOf(SaveChannelError)
  await expect(taken).rejects.toThrow(problem)
})

test('whatever the answer holds, no more than announced comes out, or a SaveChannelError', async () => {
  const data = fc.oneof(
    fc.base64String({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 300 }).map(state => deflated(state)),
  )
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 400 }), data, async (bytes, text) => {
      const length = await take({ bytes, data: text }).then(
        state => state.length,
        error => (error instanceof SaveChannelError ? 0 : Number.POSITIVE_INFINITY),
      )
      expect(length).toBeLessThanOrEqual(Math.max(1, bytes))
    }),
  )
})
