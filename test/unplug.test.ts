import { expect, test } from 'vitest'
import { onEachXenstore } from './support/worlds.ts'

onEachXenstore('a guest that does not cooperate in an unplug', start => {
  test('leaves the outcome unknown; a second detach joins, asks again, and ends well once the guest answers', async () => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0@07')
    const first = await world.json('--timeout', '1', 'pci-detach', 'hvm1', '03:00.0')
    expect(first).toMatchObject({ ok: false, exitCode: 3, error: { outcome: 'unknown' } })
    expect(await world.devices()).toEqual(['pci-pt-0000_03_00.0'])

    const second = world.json('pci-detach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"') && !value.includes('overdue'))
    await world.world.qemu.eject(7)
    const answer = await second
    expect(answer).toMatchObject({ ok: true, exitCode: 0 })
    expect(JSON.stringify(answer)).toContain('"joined":true')
    expect(await world.devices()).toEqual([])

    const again = await world.json('--id', first.error?.id ?? '', 'pci-detach', 'hvm1', '03:00.0')
    expect(again, 'the first call, picked up').toMatchObject({ ok: true, exitCode: 0 })
    await world.quiet()
  })

  test('a device that is being detached cannot be attached', async () => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0')
    await world.json('--timeout', '0.3', 'pci-detach', 'hvm1', '03:00.0')
    const attach = await world.json('pci-attach', 'hvm1', '03:00.0')
    expect(attach).toMatchObject({ exitCode: 1, error: { code: 'already-attached' } })
    expect(attach.error?.message).toContain('removal is waiting for the guest')
  })
})
