import { join } from 'node:path'
import type { World } from '@stubdom/demo'
import { QmpClient } from '@stubdom/qmp'
import { expect, onTestFinished, test } from 'vitest'
import { onEachXenstore, type TestWorld } from './support/worlds.ts'

const DEVICE = '0000:03:00.0'
/** Nowhere in this machine: QEMU opens its real sysfs. */
const LOCAL = '00fe:00:1d.5'
const VDEV = '00fe:00:1d.05'
const XEN_QEMU = { program: '/usr/libexec/xen-qemu-system-i386', extraArgs: ['-accel', 'qtest'] }

const socket = (world: World): string => join(world.directory, 'front.sock')
const withFront = (world: World): string[] => ['--front', socket(world), '--front-qmp', world.qemu.testQmpPath]

/** A client as xl is one: of the agent's socket, with a connection for each operation. */
async function xl(world: TestWorld, command: string, args?: Record<string, unknown>): Promise<unknown> {
  const client = await QmpClient.connect({ path: socket(world.world), timeoutMs: 10_000 })
  onTestFinished(() => client.close())
  try {
    return await client.execute(command, args, { timeoutMs: 20_000 })
  } finally {
    await client.close()
  }
}

const added = { driver: 'xen-pci-passthrough', id: 'pci-pt-03_00.0', hostaddr: DEVICE }

onEachXenstore('xl beside us, on the agent’s QMP socket', start => {
  test('a device of xl’s is waited for, and QEMU is told its address in the stubdomain', async () => {
    const options = { driver: 'xen-pci-passthrough', sysfs: true, qemu: XEN_QEMU, agentArguments: withFront }
    const world = await start(options)
    const { pciFront } = world.world
    await pciFront.assign([{ machine: DEVICE, local: VDEV }])
    await world.json('ping', 'hvm1')
    let settled = false
    const attached = xl(world, 'device_add', added).catch((error: Error) => error.message)
    void attached.finally(() => (settled = true))
    await expect.poll(() => world.world.agent?.stderrTail()).toContain('waiting-for-sysfs')
    await world.json('status', 'hvm1')
    expect(settled).toBe(false)
    await pciFront.appear(LOCAL)
    expect(await attached).toContain(`/sys/bus/pci/devices/${LOCAL}/config`)
  })

  test('a device that does not come is refused, with the reason', async () => {
    const options = { driver: 'xen-pci-passthrough', sysfs: true, qemu: XEN_QEMU, agentArguments: withFront }
    const world = await start(options)
    await world.json('ping', 'hvm1')
    await expect(xl(world, 'device_add', added)).rejects.toThrow(/not-assigned: 0000:03:00\.0 is not assigned/)
  })

  test('a device that xl attached is listed by us, and detached; and the other way round', async () => {
    const world = await start({ agentArguments: withFront })
    await world.json('ping', 'hvm1')
    await xl(world, 'device_add', { driver: 'edu', id: 'pci-pt-04_00.0', addr: '9' })
    const listed = await world.json('pci-list', 'hvm1')
    expect(listed).toMatchObject({ result: { devices: [{ bdf: '0000:04:00.0', qdevId: 'pci-pt-04_00.0' }] } })
    expect(await world.json('pci-detach', 'hvm1', '04:00.0')).toMatchObject({ ok: true })

    await world.json('pci-attach', 'hvm1', '05:00.0')
    await xl(world, 'device_del', { id: 'pci-pt-0000_05_00.0' })
    await expect
      .poll(() => xl(world, 'qom-list', { path: '/machine/peripheral' }))
      .toEqual([{ name: 'type', type: 'string' }])
  })
})
