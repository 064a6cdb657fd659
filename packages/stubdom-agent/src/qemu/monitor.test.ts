import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createLogger } from '../logger.ts'
import { Monitor } from './monitor.ts'

const GREETING = { QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: '' }, capabilities: [] } }

/** How often a QEMU was connected to that greets, takes the first command and hangs up. */
async function fickleQemu(): Promise<{ readonly path: string; readonly connections: () => number }> {
  const directory = await mkdtemp(join(tmpdir(), 'qmp-'))
  let connections = 0
  const server = createServer(socket => {
    connections++
    socket.write(`${JSON.stringify(GREETING)}\r\n`)
    socket.on('error', () => undefined)
    socket.on('data', bytes => {
      const { id } = JSON.parse(bytes.toString()) as { id: unknown }
      socket.end(`${JSON.stringify({ return: {}, id })}\r\n`)
    })
  })
  const path = join(directory, 'qmp')
  await new Promise<void>(resolve => void server.listen(path, resolve))
  onTestFinished(async () => {
    server.close()
    await rm(directory, { recursive: true })
  })
  return { path, connections: () => connections }
}

test('a QEMU that greets and hangs up again and again is asked less and less often', async () => {
  const { path, connections } = await fickleQemu()
  const monitor = new Monitor(path, createLogger('silent'))
  const stop = new AbortController()
  const begun = performance.now()
  const running = monitor.run(stop.signal)
  await vi.waitFor(() => expect(connections()).toBeGreaterThanOrEqual(7), 20_000)
  // At least half of 20, 40, 80, 160, 320 and 640 ms: without pauses it would be a few.
  expect(performance.now() - begun).toBeGreaterThan(600)
  stop.abort()
  await running
})
