import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startXenstored } from '@stubdom/test-xenstored'
import { XenstoreClient } from '@stubdom/xenstore'
import { expect, onTestFinished, test } from 'vitest'
import { StubdomainPciPort } from './pci-port.ts'

const never = new AbortController().signal
const NODE = 'device/pci/0/state'

async function world() {
  const xenstored = await startXenstored({ daemon: 'embedded' })
  onTestFinished(() => xenstored.stop())
  await xenstored.createDomain(7)
  const path = `/local/domain/7/${NODE}`
  await xenstored.dom0.write(path, '4')
  await xenstored.dom0.setPermissions(path, await xenstored.dom0.getPermissions('/local/domain/7'))
  const connect = () => XenstoreClient.connect({ path: xenstored.domainSocketPath(7) })
  return { dom0: xenstored.dom0, path, connect }
}

test('a read waits while Xenstore is away, and is answered when it is back', async () => {
  const { connect } = await world()
  const port = new StubdomainPciPort('/sys')
  const reading = port.read(NODE, never)
  const first = await connect()
  port.use(first)
  expect(await reading).toBe('4')
  await first.close()
  const again = port.read(NODE, never)
  const second = await connect()
  port.use(second)
  expect(await again).toBe('4')
  expect(await port.read('device/pci/1/state', never)).toBeUndefined()
  await second.close()
})

test('changes are noticed across connections', async () => {
  const { dom0, path, connect } = await world()
  const port = new StubdomainPciPort('/sys')
  const seen: string[] = []
  const watching = port.changes(NODE).subscribe(() => {
    void port.read(NODE, never).then(value => seen.push(value ?? ''))
  })
  for (const state of ['5', '6']) {
    const client = await connect()
    port.use(client)
    await expect.poll(() => seen.length).toBeGreaterThan(0)
    seen.length = 0
    await dom0.write(path, state)
    await expect.poll(() => seen).toContain(state)
    port.use(undefined)
    await client.close()
    seen.length = 0
  }
  watching.unsubscribe()
})

test('one who gives up does not wait for Xenstore', async () => {
  const port = new StubdomainPciPort('/sys')
  const impatient = new AbortController()
  const reading = port.read(NODE, impatient.signal)
  impatient.abort(new Error('enough'))
  await expect(reading).rejects.toThrow('enough')
})

test('a device is there when its configuration space is', async () => {
  const sysfs = await mkdtemp(join(tmpdir(), 'sysfs-'))
  onTestFinished(() => rm(sysfs, { recursive: true, force: true }))
  const port = new StubdomainPciPort(sysfs)
  const device = join(sysfs, 'bus/pci/devices/0000:00:00.0')
  await mkdir(device, { recursive: true })
  expect(port.hasConfig('0000:00:00.0')).toBe(false)
  await writeFile(join(device, 'config'), '')
  expect(port.hasConfig('0000:00:00.0')).toBe(true)
})
