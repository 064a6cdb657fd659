import { expect, test } from 'vitest'
import { onEachXenstore, report } from './support/worlds.ts'

onEachXenstore('a QEMU in trouble', start => {
  test('one that hangs leaves the outcome unknown; the same id tells the truth later', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    await world.world.qemu.pause()
    const unknown = await world.json('--timeout', '0.5', 'pci-attach', 'hvm1', '03:00.0')
    expect(unknown).toMatchObject({ exitCode: 3, error: { outcome: 'unknown' } })
    const id = unknown.error?.id ?? ''
    world.world.qemu.resume()
    // QEMU was asked what it has, and the command was called back before QEMU was told to add anything.
    const truth = await world.json('--id', id, 'pci-attach', 'hvm1', '03:00.0')
    expect(truth).toMatchObject({ exitCode: 1, error: { code: 'cancelled', outcome: 'not-done' } })
    expect(await world.devices()).toEqual([])
    await world.quiet()
    const repeated = await world.json('pci-attach', 'hvm1', '03:00.0')
    expect(repeated, 'the agent and QEMU are well again').toMatchObject({ ok: true })
  })

  test('one that hangs with a query leaves it unknown, and the same id gives the answer later', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    await world.world.qemu.pause()
    const unknown = await world.json('--timeout', '0.5', 'pci-list', 'hvm1')
    expect(unknown).toMatchObject({ exitCode: 3, error: { outcome: 'unknown' } })
    world.world.qemu.resume()
    const answer = await world.json('--id', unknown.error?.id ?? '', 'pci-list', 'hvm1')
    expect(answer).toMatchObject({ ok: true })
    await world.quiet()
  })

  test('one that hangs already when the agent comes back: unknown, then the truth', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    await world.world.qemu.pause()
    const attaching = world.start('--json', '--timeout', '2', 'pci-attach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-attach', value => value.includes('"running"'))
    await world.world.killAgent()
    await world.world.startAgent()
    const unknown = await report(attaching)
    expect(unknown).toMatchObject({ exitCode: 3, error: { outcome: 'unknown' } })

    // Without a greeting there is no hello: a further command is not even sent.
    await world.node('stubdom/status', value => value.includes('qemu-silent'))
    const refused = await world.json('pci-attach', 'hvm1', '04:00.0')
    expect(refused).toMatchObject({ exitCode: 4 })
    expect(refused.error?.message).toMatch(/greeting/)

    world.world.qemu.resume()
    const truth = await world.json('--id', unknown.error?.id ?? '', 'pci-attach', 'hvm1', '03:00.0')
    expect(truth.ok).toBe((await world.devices()).length > 0)
  })

  test('one that dies ends what it had at once, and what comes later is told why', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    await world.world.qemu.pause()
    const attaching = world.start('--json', '--timeout', '20', 'pci-attach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-attach', value => value.includes('"running"'))
    await world.world.qemu.stop()
    expect(await report(attaching)).toMatchObject({ exitCode: 1, error: { code: 'qemu-gone', outcome: 'not-done' } })
    await world.node('stubdom/status', value => value.includes('qemu-gone'))
    const later = await world.json('status', 'hvm1')
    expect(later).toMatchObject({ exitCode: 4, error: { code: 'no-agent' } })
    expect(later.error?.message).toMatch(/QEMU/)
  })

  test('one that dies while the guest is waited for ends the unplug', async () => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0')
    const detaching = world.start('--json', '--timeout', '20', 'pci-detach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
    await world.world.qemu.stop()
    expect(await report(detaching)).toMatchObject({ exitCode: 1, error: { code: 'qemu-gone', outcome: 'not-done' } })
  })

  test('one that is started again is served by the same agent', async () => {
    const world = await start()
    await world.json('pci-attach', 'hvm1', '03:00.0')
    const hello = await world.node('stubdom/hello')
    await world.world.restartQemu()
    await world.node('stubdom/status', value => value.includes('"ready"'))
    expect(await world.node('stubdom/hello'), 'the same epoch').toBe(hello)
    const listed = await world.json('pci-list', 'hvm1')
    expect(listed, 'a new QEMU has no device').toMatchObject({ ok: true, result: { devices: [] } })
    expect(await world.json('pci-attach', 'hvm1', '03:00.0')).toMatchObject({ ok: true })
  })
})
