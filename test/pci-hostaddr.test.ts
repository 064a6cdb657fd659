import { expect, test } from 'vitest'
import { onEachXenstore } from './support/worlds.ts'

/** Debian’s QEMU for Xen has the real device, and without Xen gets as far as opening its configuration space in this machine’s own sysfs. */
const XEN_QEMU = { program: '/usr/libexec/xen-qemu-system-i386', extraArgs: ['-accel', 'qtest'] }

onEachXenstore('xen-pci-passthrough', start => {
  test('of QEMU 7.2 is told the device’s address in the stubdomain', async () => {
    const world = await start({ driver: 'xen-pci-passthrough', sysfs: true, qemu: XEN_QEMU })
    const { pciFront } = world.world
    await pciFront.assign([{ machine: '0000:03:00.0', local: '00fe:00:1d.05' }])
    await pciFront.appear('00fe:00:1d.5')
    const failed = await world.json('pci-attach', 'hvm1', '03:00.0,permissive=1')
    expect(failed).toMatchObject({ exitCode: 1, error: { code: 'qemu-error', stage: 'device_add' } })
    expect(failed.error?.message).toContain('/sys/bus/pci/devices/00fe:00:1d.5/config')
  })
})
