import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startQemu } from '@stubdom/demo'
import { QmpClient } from '@stubdom/qmp'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../logger.ts'
import { deferred } from '../testing/deferred.ts'
import { QmpFront } from './front.ts'
import { interceptSave, type StateSink } from './intercept-save.ts'

/** Takes the state from a FIFO, and has it sent on when the test says so. */
class HeldSink implements StateSink {
  readonly #fifo: string
  readonly sendOn = deferred()
  readonly taken = deferred<Buffer>()

  constructor(fifo: string) {
    this.#fifo = fifo
  }

  async receive(write: (filename: string) => Promise<void>): Promise<void> {
    const reading = createReadStream(this.#fifo).toArray()
    await write(this.#fifo)
    this.taken.resolve(Buffer.concat((await reading) as Buffer[]))
    await this.sendOn.promise
  }
}

async function world() {
  const dir = await mkdtemp(join(tmpdir(), 'front-'))
  const upstream = join(dir, 'upstream.sock')
  const extraArgs = ['-qmp', `unix:${upstream},server=on,wait=off`]
  const qemu = await startQemu({ dir, guest: 'paused-at-start', extraArgs })
  const fifo = join(dir, 'state')
  await promisify(execFile)('mkfifo', [fifo])
  const sink = new HeldSink(fifo)
  const own = await QmpClient.connect({ path: qemu.qmpPath })
  const monitor = { version: '', execute: (name: string, args?: Record<string, unknown>) => own.execute(name, args) }
  const path = join(dir, 'front.sock')
  const intercepts = [interceptSave(sink, monitor)]
  const front = await QmpFront.listen({ path, upstream, intercepts, log: createLogger('silent') })
  const client = await QmpClient.connect({ path })
  onTestFinished(async () => {
    await client.close()
    await front.close()
    await own.close()
    await qemu.stop()
    await rm(dir, { recursive: true, force: true })
  })
  return { dir, sink, client }
}

test('xl’s save is answered only when all of the state has been sent on', async () => {
  const { sink, client } = await world()
  let answered = false
  const saved = client.execute('xen-save-devices-state', { filename: '/dev/fdset/1', live: false })
  void saved.then(() => (answered = true))
  const state = await sink.taken.promise
  expect(state.subarray(0, 4).toString()).toBe('QEVM')
  expect(state.length).toBeGreaterThan(10_000)
  expect(answered).toBe(false)
  sink.sendOn.resolve()
  expect(await saved).toEqual({})
})

test('a state that cannot be sent on is an error for xl', async () => {
  const { sink, client } = await world()
  const saved = client.execute('xen-save-devices-state', { filename: '/dev/fdset/1' })
  await sink.taken.promise
  sink.sendOn.reject(new Error('the console is closed'))
  await expect(saved).rejects.toMatchObject({ desc: 'the console is closed' })
})

test('a save to another place is QEMU’s', async () => {
  const { dir, client } = await world()
  expect(await client.execute('xen-save-devices-state', { filename: join(dir, 'file') })).toEqual({})
  const refused = client.execute('xen-save-devices-state', { filename: '/dev/fdset/7' })
  await expect(refused).rejects.toMatchObject({ desc: expect.stringContaining('/dev/fdset/7') })
})
