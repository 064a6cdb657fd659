import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { XenstoreClient } from './client.ts'
import { ScriptedPeer } from './testing/scripted-peer.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'xsu-'))
})
afterEach(() => rm(directory, { recursive: true }))

/** The error of a failed connect, whose message is like `message`. */
const unavailable = (address: string, message: RegExp): unknown =>
  expect.objectContaining({ code: 'unavailable', address, message: expect.stringMatching(message) })

/** Listens as xenstored does, with a backlog of 1, and accepts nobody until released. */
async function busyListener(path: string) {
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const code = `
    const { parentPort, workerData: { path, gate } } = require('node:worker_threads')
    const server = require('node:net').createServer(socket => socket.resume().on('error', () => {}))
    server.listen({ path, backlog: 1 }, () => { parentPort.postMessage('listening'); Atomics.wait(gate, 0, 0) })`
  const worker = new Worker(code, { eval: true, workerData: { path, gate } })
  await new Promise(resolve => worker.once('message', resolve))
  const fillers: Socket[] = []
  for (let full = false; !full; ) {
    const socket = connect(path)
    fillers.push(socket)
    full = await new Promise(resolve => {
      socket.once('connect', () => resolve(false)).once('error', () => resolve(true))
    })
  }
  const release = (): void => {
    Atomics.store(gate, 0, 1)
    Atomics.notify(gate, 0)
  }
  const stop = async (): Promise<void> => {
    release()
    for (const socket of fillers) socket.destroy()
    await worker.terminate()
  }
  return { release, stop }
}

describe('where no daemon can be reached', () => {
  test('a missing socket says how to name one', async () => {
    const path = join(directory, 'none')
    const problem = unavailable(path, /ENOENT; start xenstored, or .*XENSTORED_PATH/)
    await expect(XenstoreClient.connect({ path })).rejects.toEqual(problem)
  })

  test('a socket that nobody listens on says to start the daemon', async () => {
    const path = join(directory, 'stale')
    await writeFile(path, '')
    await expect(XenstoreClient.connect({ path })).rejects.toEqual(unavailable(path, /ECONNREFUSED; .* start it/))
  })

  test('a path through a file', async () => {
    await writeFile(join(directory, 'file'), '')
    const path = join(directory, 'file', 'socket')
    await expect(XenstoreClient.connect({ path })).rejects.toEqual(unavailable(path, /ENOTDIR/))
  })

  test('a path too long for a socket is not cut short', async () => {
    const path = join(directory, 'x'.repeat(108))
    await expect(XenstoreClient.connect({ path })).rejects.toEqual(unavailable(path, /at most 107 bytes/))
  })

  test('a socket of somebody else says who may use it', async () => {
    const peer = await ScriptedPeer.start(() => undefined)
    await chmod(peer.path, 0)
    const asRoot = process.geteuid?.() === 0
    if (asRoot) await chmod(dirname(peer.path), 0o755)
    if (asRoot) process.seteuid?.(65_534)
    try {
      const problem = unavailable(peer.path, /EACCES; .*root/)
      await expect(XenstoreClient.connect({ path: peer.path })).rejects.toEqual(problem)
    } finally {
      if (asRoot) process.seteuid?.(0)
      await peer.stop()
    }
  })
})

describe('a daemon with a full backlog (EAGAIN)', () => {
  test('is tried again until it has room', async () => {
    const path = join(directory, 'socket')
    const daemon = await busyListener(path)
    const attempts = vi.spyOn(Socket.prototype, 'connect')
    try {
      const connecting = XenstoreClient.connect({ path })
      await vi.waitFor(() => expect(attempts.mock.calls.length).toBeGreaterThan(2))
      daemon.release()
      await (await connecting).close()
    } finally {
      attempts.mockRestore()
      await daemon.stop()
    }
  })

  test('lets a burst of 200 clients in, one after the other', async () => {
    const path = join(directory, 'socket')
    const daemon = await busyListener(path)
    try {
      const burst = Array.from({ length: 200 }, () => XenstoreClient.connect({ path, timeoutMs: 25_000 }))
      setImmediate(() => daemon.release())
      const clients = await Promise.all(burst)
      await Promise.all(clients.map(client => client.close()))
      expect(clients).toHaveLength(200)
    } finally {
      await daemon.stop()
    }
  })

  test('is given up on at the deadline, saying why', async () => {
    const path = join(directory, 'socket')
    const daemon = await busyListener(path)
    try {
      const cause = expect.objectContaining({ code: 'EAGAIN' })
      await expect(XenstoreClient.connect({ path, timeoutMs: 30 })).rejects.toMatchObject({ code: 'timeout', cause })
      const signal = AbortSignal.abort('enough')
      await expect(XenstoreClient.connect({ path, signal })).rejects.toMatchObject({ code: 'aborted', cause: 'enough' })
    } finally {
      await daemon.stop()
    }
  })
})

test('requests of one tick leave in one system call, in order', async () => {
  const peer = await ScriptedPeer.start((request, connection) => connection.reply(request))
  const client = await XenstoreClient.connect({ path: peer.path })
  const single = vi.spyOn(Socket.prototype, '_write')
  const together = vi.spyOn(Socket.prototype, '_writev' as '_write')
  try {
    const names = ['a', 'b', 'c', 'd', 'e']
    const replies = Promise.all(names.map(name => client.read(name)))
    await new Promise(process.nextTick)
    expect(together).toHaveBeenCalledTimes(1)
    expect(together.mock.calls[0]?.[0]).toHaveLength(names.length)
    expect(single).not.toHaveBeenCalled()
    await replies
    expect(peer.requests.map(({ payload }) => payload.toString())).toEqual(names.map(name => `${name}\0`))
  } finally {
    single.mockRestore()
    together.mockRestore()
    await client.close()
    await peer.stop()
  }
})
