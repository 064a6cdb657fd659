import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { QmpClient } from './client.ts'
import { QmpClosedError, QmpCommandError, QmpLostError, QmpProtocolError } from './errors.ts'

/** What a real QEMU never sends, from a peer that says what a test tells it to. */

const GREETING =
  '{"QMP": {"version": {"qemu": {"micro": 1, "minor": 0, "major": 9}, "package": ""}, "capabilities": []}}\r\n'
const NEGOTIATED = '{"return": {}, "id": 1}\r\n'

let dir: string
let path: string
let server: Server
let peers: Socket[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peer-'))
  path = join(dir, 's')
  peers = []
})

afterEach(() => {
  for (const peer of peers) peer.destroy()
  server.close()
  rmSync(dir, { recursive: true })
})

/** Says `lines[0]` at once, and one more of `lines` after each command received. */
async function peerThatSays(...lines: (string | Uint8Array)[]): Promise<void> {
  server = createServer({ allowHalfOpen: true }, socket => {
    peers.push(socket)
    const left = [...lines]
    const say = () => left.length > 0 && socket.write(left.shift() ?? '')
    say()
    socket.on('data', say).on('error', () => socket.destroy())
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
}

describe('connect refuses', () => {
  test.each([
    ['what is not JSON', 'HTTP/1.1 400 Bad Request\r\n'],
    ['an event before the greeting', '{"event": "STOP", "timestamp": {"seconds": 1, "microseconds": 1}}\r\n'],
    ['an answer before the greeting', NEGOTIATED],
    ['a greeting without a version', '{"QMP": {"capabilities": []}}\r\n'],
    ['two greetings', GREETING + GREETING],
    ['a greeting without end', 'x'.repeat(2_000)],
    ['bytes that are not UTF-8', Uint8Array.of(0xff, 0x0a)],
  ])('%s', async (_, said) => {
    await peerThatSays(said)
    await expect(QmpClient.connect({ path, maxMessageBytes: 1_000 })).rejects.toBeInstanceOf(QmpProtocolError)
  })

  test('a peer that will not negotiate', async () => {
    await peerThatSays(GREETING, '{"error": {"class": "GenericError", "desc": "no"}, "id": 1}\r\n')
    const failed = QmpClient.connect({ path })
    await expect(failed).rejects.toBeInstanceOf(QmpCommandError)
    await expect(failed).rejects.toMatchObject({ command: 'qmp_capabilities' })
  })

  test('a peer that greets and then is silent', async () => {
    await peerThatSays(GREETING)
    await expect(QmpClient.connect({ path, timeoutMs: 1_000 })).rejects.toMatchObject({ stage: 'capabilities' })
  })

  test('a peer that hangs up', async () => {
    await peerThatSays()
    server.on('connection', socket => socket.end())
    await expect(QmpClient.connect({ path })).rejects.toBeInstanceOf(QmpLostError)
  })
})

describe('a connection ends at', () => {
  test.each([
    ['an answer to nothing', '{"return": {}, "id": 99}\r\n', /not sent, or answered it twice/],
    ['a second answer', NEGOTIATED, /not sent, or answered it twice/],
    ['an id of another type', '{"return": {}, "id": "2"}\r\n', /not sent/],
    [
      'an error that belongs to no command',
      '{"error": {"class": "GenericError", "desc": "JSON parse error"}}\r\n',
      /parse error/,
    ],
    ['another greeting', GREETING, /greeted twice/],
    ['an event without its time', '{"event": "STOP"}\r\n', /without its time/],
  ])('%s', async (_, said, message) => {
    await peerThatSays(GREETING, NEGOTIATED, said)
    const client = await QmpClient.connect({ path })
    const pending = client.execute('query-status')
    await expect(pending).rejects.toBeInstanceOf(QmpProtocolError)
    await expect(pending).rejects.toThrow(message)
    expect(await client.closed).toBeInstanceOf(QmpProtocolError)
  })

  test('the end of what the peer says, though the peer reads nothing any more', async () => {
    await peerThatSays(GREETING, NEGOTIATED)
    const client = await QmpClient.connect({ path })
    peers[0]?.pause()
    const pending = client.execute('stop', { text: 'x'.repeat(8_000_000) })
    peers[0]?.end()
    await expect(pending).rejects.toBeInstanceOf(QmpLostError)
    await client.close()
  })
})

test('answers may come in any order', async () => {
  await peerThatSays(GREETING, NEGOTIATED, '{"return": "b", "id": 3}\r\n{"return": "a", "id": 2}\r\n')
  const client = await QmpClient.connect({ path })
  expect(await Promise.all([client.execute('a'), client.execute('b')])).toEqual(['a', 'b'])
  await client.close()
})

test('nothing that comes after close() is heard, even in the same chunk', async () => {
  const event = '{"event": "STOP", "timestamp": {"seconds": 1, "microseconds": 1}}\r\n'
  await peerThatSays(GREETING, NEGOTIATED, `${event}${event}{"return": {}, "id": 2}\r\n`)
  const client = await QmpClient.connect({ path })
  const heard: string[] = []
  client.events.subscribe(({ event: name }) => {
    heard.push(name)
    void client.close()
  })
  await expect(client.execute('stop')).rejects.toBeInstanceOf(QmpClosedError)
  expect(heard).toEqual(['STOP'])
})
