import { expect, test } from 'vitest'
import { onEachXenstore } from './support/worlds.ts'

onEachXenstore('the commands, from stubdomctl to QEMU and back', start => {
  test('a device is attached, listed and detached, as QEMU itself sees it', async () => {
    const world = await start()
    const attached = await world.json('pci-attach', 'hvm1', '03:00.0@07')
    expect(attached).toMatchObject({ ok: true, exitCode: 0 })
    expect(await world.devices()).toEqual(['pci-pt-0000_03_00.0'])

    const listed = await world.json('pci-list', '7')
    const device = { bdf: '0000:03:00.0', driver: 'edu', guest: { slot: 7 } }
    expect(listed).toMatchObject({ ok: true, result: { devices: [device] } })

    expect(await world.json('pci-detach', '6', '0000:03:00.0')).toMatchObject({ ok: true, exitCode: 0 })
    expect(await world.devices()).toEqual([])
    await world.quiet()
  })

  test('the device model is stopped and goes on', async () => {
    const world = await start()
    expect(await world.json('dm-stop', 'hvm1')).toMatchObject({ ok: true })
    expect(await world.qemu('query-status')).toMatchObject({ running: false })
    expect(await world.json('dm-cont', 'hvm1')).toMatchObject({ ok: true })
    expect(await world.qemu('query-status')).toMatchObject({ running: true })
  })

  test('a domain is named by name or domid, of the guest or of its stubdomain', async () => {
    const world = await start()
    for (const domain of ['hvm1', '6', 'hvm1-dm', '7']) {
      expect(await world.json('ping', domain), domain).toMatchObject({ ok: true, exitCode: 0 })
    }
  })

  test('an answer of more than one node arrives whole', async () => {
    const world = await start()
    const bdfs = Array.from({ length: 20 }, (_, slot) => `0000:03:${(slot + 2).toString(16).padStart(2, '0')}.0`)
    for (const bdf of bdfs) expect(await world.json('pci-attach', 'hvm1', bdf)).toMatchObject({ ok: true })
    const listed = JSON.stringify(await world.json('pci-list', 'hvm1'))
    for (const bdf of bdfs) expect(listed).toContain(bdf)
    expect(listed.length).toBeGreaterThan(1_900)
    await world.quiet()
  })

  test('status says what is in flight and which removals wait for the guest', async () => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0')
    const detaching = world.start('--json', 'pci-detach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
    const status = JSON.stringify(await world.json('status', 'hvm1'))
    expect(status).toContain('"command":"pci-detach"')
    expect(status).toContain('"pendingRemovals":["pci-pt-0000_03_00.0"]')
    await world.world.qemu.eject(2)
    await detaching.finished
  })
})
