import { execFileSync } from 'node:child_process'
import { appendFile, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommandResult, consoleMark } from '@stubdom/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Arrival } from './channel.ts'
import { ConsoleChannel } from './console-channel.ts'

const ID = '0mhx3ab0-00x7k2q'
const STALL_MS = 50

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cc-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const marked = (state: string, id = ID) => Buffer.concat([consoleMark(id), Buffer.from(state)])
const announced = (bytes: number) => ({ bytes }) as CommandResult<'save-state'>

async function taken(arrival: Arrival, bytes: number): Promise<string> {
  try {
    const pieces: Uint8Array[] = []
    for await (const piece of await arrival.take(announced(bytes))) pieces.push(piece)
    return Buffer.concat(pieces).toString()
  } finally {
    await arrival.end()
  }
}

describe('a file that the backend appends to', () => {
  let file: string
  beforeEach(async () => {
    file = join(dir, 'output')
    await writeFile(file, marked('an earlier state', '0mhx3ab0-00aaaaa'))
  })
  const listen = (pickUp = false) => new ConsoleChannel(file, STALL_MS).listen(ID, pickUp)

  test('the state is what comes after the beginning of the command', async () => {
    const arrival = await listen()
    await appendFile(file, marked('state'))
    expect(await taken(arrival, 5)).toBe('state')
  })

  test('bytes of an earlier command that come late are passed over', async () => {
    const arrival = await listen()
    await appendFile(file, 'the rest of what was cut')
    await appendFile(file, marked('state'))
    expect(await taken(arrival, 5)).toBe('state')
  })

  test('bytes that come after the answer are waited for', async () => {
    const arrival = await new ConsoleChannel(file, 10_000).listen(ID, false)
    await appendFile(file, marked('sta'))
    const state = taken(arrival, 5)
    await appendFile(file, 'te')
    expect(await state).toBe('state')
  })

  test('picked up, it is found among what came before', async () => {
    await appendFile(file, marked('state'))
    expect(await taken(await listen(true), 5)).toBe('state')
  })

  test.each<[name: string, stream: Buffer, message: RegExp]>([
    ['nothing', Buffer.alloc(0), /brought 0 bytes of the state, the agent announced 5; no more came for 0\.05 s/],
    ['less', marked('stat'), /brought 4 bytes of the state, the agent announced 5/],
    ['more', marked('state!'), /brought 6 bytes of the state, the agent announced 5/],
    [
      'another command’s state',
      marked('state', '0mhx3ab0-00bbbbb'),
      /brought 0 bytes .*and \d+ that are not its own; is/,
    ],
    [
      'a stream that is not raw',
      Buffer.from(marked('state').toString().replaceAll('\n', '\r\n')),
      /is the console raw/,
    ],
  ])('%s is refused', async (_name, stream, message) => {
    const arrival = await listen()
    await appendFile(file, stream)
    await expect(taken(arrival, 5)).rejects.toMatchObject({
      name: 'SaveChannelError',
      message: expect.stringMatching(message),
    })
  })

  test('a file that somebody empties brings nothing', async () => {
    const arrival = await listen()
    await truncate(file)
    await appendFile(file, marked('state'))
    await expect(taken(arrival, 5)).rejects.toThrow(/brought 0 bytes/)
  })
})

test('a FIFO is read from the beginning of the command on, whatever its size', async () => {
  const path = join(dir, 'fifo')
  execFileSync('mkfifo', [path])
  const arrival = await new ConsoleChannel(path, 10_000).listen(ID, false)
  const state = 'x'.repeat(300_000)
  const writer = await open(path, 'w')
  await writer.writeFile(marked(state))
  await writer.close()
  expect((await taken(arrival, state.length)) === state).toBe(true)
})

test.each([
  ['a directory', '.', /is no file, FIFO or terminal/],
  ['what is not there', 'nowhere', /cannot be read: ENOENT/],
])('%s is refused before anybody is asked', async (_name, name, message) => {
  await expect(new ConsoleChannel(join(dir, name)).listen(ID, false)).rejects.toMatchObject({
    name: 'SaveChannelError',
    message: expect.stringMatching(message),
  })
})
