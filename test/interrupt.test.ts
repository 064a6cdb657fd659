import { expect, test } from 'vitest'
import { onEachXenstore } from './support/worlds.ts'

onEachXenstore('Ctrl-C', start => {
  test('takes a command back that was not begun', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    world.world.agent?.signal('SIGSTOP')
    const attaching = world.start('pci-attach', 'hvm1', '03:00.0')
    await world.node('dom0/request/pci-attach', value => value.includes('03:00.0'))
    attaching.signal('SIGINT')
    await world.node('dom0/request/pci-attach', value => value.includes('"cancel":true'))
    world.world.agent?.signal('SIGCONT')
    const { exitCode, stderr } = await attaching.finished
    expect(stderr).toMatch(/cancelled|taken back|nothing was done/)
    expect(exitCode).toBe(1)
    expect(await world.devices()).toEqual([])
    await world.quiet()
  })

  test('says how to pick up a command that QEMU has already', async () => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0@07')
    const detaching = world.start('pci-detach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
    detaching.signal('SIGINT')
    const { exitCode, stderr } = await detaching.finished
    expect(exitCode).toBe(3)
    const id = /--id (\S+) pci-detach hvm1/.exec(stderr)?.[1] ?? ''
    await world.world.qemu.eject(7)
    expect(await world.json('--id', id, 'pci-detach', 'hvm1', '03:00.0')).toMatchObject({ ok: true })
    await world.quiet()
  })
})
