import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { qtest, startQemu } from '@stubdom/demo'
import { QmpClient } from '@stubdom/qmp'
import { daemons } from '@stubdom/test-xenstored'
import { expect, onTestFinished, test } from 'vitest'
import { markClock, Stubdomain } from './stubdomain.ts'

async function withState(): Promise<{ stubdomain: Stubdomain; state: Buffer }> {
  const stubdomain = await Stubdomain.create(daemons()[0] ?? 'embedded')
  const first = await startQemu({ dir: stubdomain.directory, name: 'first' })
  onTestFinished(() => first.stop())
  const client = await QmpClient.connect({ path: first.qmpPath })
  await client.execute('stop')
  await markClock(line => qtest(first.qtestPath, line), '0xa5')
  const file = join(stubdomain.directory, 'state')
  await client.execute('xen-save-devices-state', { filename: file, live: false })
  await client.close()
  await first.stop()
  return { stubdomain, state: await readFile(file) }
}

test('a state that dom0 sends over console 2 is restored, and runs', async () => {
  const { stubdomain, state } = await withState()
  await stubdomain.writeArguments([...stubdomain.modelArguments(), '-incoming', '$STUBDOM_RESTORE_INCOMING_ARG'])
  await stubdomain.makeControlDirectory()
  // As libxl has it: the state waits in the console before anybody in the stubdomain looks.
  stubdomain.restoreConsole.send(state)
  await stubdomain.boot()
  await stubdomain.status(/"ready"/)
  await expect.poll(() => stubdomain.qemu('query-status')).toMatchObject({ running: true })
  expect(await stubdomain.clockMark()).toBe('0x00a5')
  expect(stubdomain.restoreConsole.received(), 'nothing is echoed').toHaveLength(0)
})

test('a QEMU that cannot read its state is not started again without it', async () => {
  const { stubdomain, state } = await withState()
  await stubdomain.writeArguments([...stubdomain.modelArguments(), '-incoming', '$STUBDOM_RESTORE_INCOMING_ARG'])
  await stubdomain.makeControlDirectory()
  stubdomain.restoreConsole.send(Buffer.concat([Buffer.from('XX'), state.subarray(2)]))
  await stubdomain.boot('--on-qemu-exit=restart')
  expect(await stubdomain.status(/"qemu-exited"/)).toMatch(/Not a migration stream.*used up/)
})

test('a state that unmodified xl asks for goes to console 1, and is restored from console 2', async () => {
  const saved = await Stubdomain.create(daemons()[0] ?? 'embedded')
  await saved.writeArguments(saved.modelArguments())
  await saved.makeControlDirectory()
  await saved.boot('--vchan-proxy', 'sleep')
  await saved.status(/"ready"/)
  await saved.markClock('0xa5')
  const xl = await QmpClient.connect({ path: join(saved.directory, 'run', 'toolstack.qmp') })
  await xl.execute('stop')
  await xl.execute('xen-save-devices-state', { live: false, filename: '/dev/fdset/1' }, { timeoutMs: 20_000 })
  await xl.close()
  expect(await stat(join(saved.directory, 'run', 'fdset-1'))).toMatchObject({ size: 0 })
  const file = join(saved.directory, 'state')
  await saved.qemu('xen-save-devices-state', { live: false, filename: file })
  // As long, but for clocks that went on not the same. The console has all of it by now; this process, which reads its other end, must get its turn.
  const { size } = await stat(file)
  await expect.poll(() => saved.saveConsole.received().length).toBe(size)

  const restored = await Stubdomain.create(daemons()[0] ?? 'embedded')
  await restored.writeArguments([...restored.modelArguments(), '-incoming', '$STUBDOM_RESTORE_INCOMING_ARG'])
  await restored.makeControlDirectory()
  restored.restoreConsole.send(saved.saveConsole.received())
  await restored.boot()
  await restored.status(/"ready"/)
  await expect.poll(() => restored.qemu('query-status')).toMatchObject({ running: true })
  expect(await restored.clockMark()).toBe('0x00a5')
})

test('/dev/fdset/1 takes a state, also when every other monitor has gone', async () => {
  const stubdomain = await Stubdomain.create(daemons()[0] ?? 'embedded')
  await stubdomain.writeArguments(stubdomain.modelArguments())
  await stubdomain.makeControlDirectory()
  await stubdomain.boot()
  await stubdomain.status(/"ready"/)
  const monitor = () => QmpClient.connect({ path: join(stubdomain.directory, 'run', 'front.qmp') })
  await (await monitor()).close()
  const client = await monitor()
  onTestFinished(() => client.close())
  expect(await client.execute('query-fdsets')).toMatchObject([{ 'fdset-id': 1, fds: [{ opaque: 'save' }] }])
  await client.execute('xen-save-devices-state', { filename: '/dev/fdset/1', live: false })
  const file = join(stubdomain.directory, 'run', 'fdset-1')
  expect((await readFile(file)).subarray(0, 4).toString()).toBe('QEVM')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})
