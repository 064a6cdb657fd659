import { afterEach, describe, expect, test } from 'vitest'
import { Op } from '../wire/messages.ts'
import { XenstoreClient } from './client.ts'
import { READINGS_MAX } from './directory.ts'
import { payloadText, type Script, ScriptedPeer } from './testing/scripted-peer.ts'

let stop: () => Promise<void>
afterEach(() => stop())

/** A peer that refuses DIRECTORY and answers each DIRECTORY_PART with the next of `parts`, the last one for ever. */
async function connectToParts(...parts: string[]) {
  return connectTo((request, connection) => {
    if (request.type === Op.DIRECTORY) connection.error(request, 'E2BIG')
    else connection.reply(request, (parts.length > 1 ? parts.shift() : parts[0]) ?? '')
  })
}

async function connectTo(script: Script) {
  const peer = await ScriptedPeer.start(script)
  const client = await XenstoreClient.connect({ path: peer.path })
  stop = async () => {
    await client.close()
    await peer.stop()
  }
  return { client, asked: () => peer.requests.map(payloadText) }
}

describe('a directory too large for one message', () => {
  test('is put together from its parts, asked for by the bytes that came', async () => {
    const { client, asked } = await connectToParts('9\0a\0bb\0', '9\0ccc\0', '9\0d\0\0')
    await expect(client.list('x')).resolves.toEqual(['a', 'bb', 'ccc', 'd'])
    expect(asked()).toEqual(['x|', 'x|0|', 'x|5|', 'x|9|'])
  })

  test('may end with a part that holds no names', async () => {
    const { client } = await connectToParts('9\0a\0', '9\0\0')
    await expect(client.list('x')).resolves.toEqual(['a'])
  })

  test('is read anew when it changes between two parts', async () => {
    const { client, asked } = await connectToParts('1\0a\0', '2\0b\0', '2\0a\0', '2\0b\0\0')
    await expect(client.list('x')).resolves.toEqual(['a', 'b'])
    expect(asked()).toEqual(['x|', 'x|0|', 'x|2|', 'x|0|', 'x|2|'])
  })

  test('that never stops changing is given up on', async () => {
    let generation = 0
    const { client, asked } = await connectTo((request, connection) => {
      if (request.type === Op.DIRECTORY) connection.error(request, 'E2BIG')
      else connection.reply(request, `${++generation}\0a\0`)
    })
    await expect(client.list('x')).rejects.toMatchObject({ code: 'reply', errno: 'EAGAIN', path: 'x' })
    expect(asked()).toHaveLength(1 + 2 * READINGS_MAX)
  })

  test('is read no further than maxBytes', async () => {
    const { client, asked } = await connectToParts('9\0aaa\0')
    await expect(client.list('x', { maxBytes: 10 })).rejects.toMatchObject({ code: 'reply', errno: 'E2BIG', path: 'x' })
    expect(asked()).toEqual(['x|', 'x|0|', 'x|4|', 'x|8|'])
  })

  test.each([
    ['without a generation', ''],
    ['with a generation that is no number', 'x\0a\0'],
    ['without names that is not the last', '9\0'],
  ])('in a part %s ends the connection', async (_name, part) => {
    const { client } = await connectToParts(part)
    await expect(client.list('x')).rejects.toMatchObject({ code: 'protocol' })
    await expect(client.closed).resolves.toMatchObject({ code: 'protocol' })
  })

  test('that the daemon cannot give in parts fails with its refusal', async () => {
    const { client } = await connectTo((request, connection) => {
      connection.error(request, request.type === Op.DIRECTORY ? 'E2BIG' : 'ENOSYS')
    })
    await expect(client.list('x')).rejects.toMatchObject({ errno: 'ENOSYS', operation: 'DIRECTORY_PART' })
  })
})

test('a whole listing may be larger than a message, as oxenstored sends it, but not than maxBytes', async () => {
  const names = Array.from({ length: 2_000 }, (_, index) => `child-${index}`)
  const { client } = await connectTo((request, connection) => connection.reply(request, `${names.join('\0')}\0`))
  await expect(client.list('x')).resolves.toEqual(names)
  await expect(client.list('x', { maxBytes: 4096 })).rejects.toMatchObject({ errno: 'E2BIG', operation: 'DIRECTORY' })
  await expect(client.list('x', { maxBytes: 0 })).rejects.toMatchObject({ code: 'usage' })
})
