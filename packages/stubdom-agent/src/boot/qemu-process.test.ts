import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { QmpClient } from '@stubdom/qmp'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../logger.ts'
import { type BootOptions, parseBootOptions } from './options.ts'
import { startQemu } from './qemu-process.ts'

/** Starts a QEMU without a machine, as the keeper would. */
async function start() {
  const directory = await mkdtemp(join(tmpdir(), 'qemu-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const options = parseBootOptions(['--qemu', 'qemu-system-x86_64', '--run-dir', directory]) as BootOptions
  const machine = ['-machine', 'none', '-nodefaults', '-display', 'none']
  const qemu = startQemu(options, machine, createLogger('silent'))
  onTestFinished(() => void qemu.stop(0))
  return { qemu, path: options.paths.agentQmp }
}

/** Connects as soon as QEMU listens, and has let go of whoever was connected before. */
async function connect(path: string): Promise<QmpClient> {
  const deadline = performance.now() + 20_000
  for (;;) {
    try {
      return await QmpClient.connect({ path })
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(10)
    }
  }
}

test('fdset 1 stays when the last monitor that anybody uses disconnects', async () => {
  const { path } = await start()
  const first = await connect(path)
  expect(await first.execute('query-fdsets')).toHaveLength(1)
  await first.close()
  const second = await connect(path)
  onTestFinished(() => second.close())
  expect(await second.execute('query-fdsets')).toMatchObject([{ 'fdset-id': 1 }])
})

test('a QEMU that does not heed SIGTERM is killed', async () => {
  const { qemu, path } = await start()
  await (await connect(path)).close()
  process.kill(qemu.pid ?? 0, 'SIGSTOP')
  expect(await qemu.stop(50)).toMatchObject({ signal: 'SIGKILL' })
})

test('one that ends by itself is told', async () => {
  const { qemu, path } = await start()
  const client = await connect(path)
  await client.execute('quit')
  expect(await qemu.exited).toMatchObject({ code: 0, signal: null })
})
