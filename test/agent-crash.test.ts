import { expect, test } from 'vitest'
import { onEachXenstore, report } from './support/worlds.ts'

onEachXenstore('an agent that is killed', start => {
  test('in the middle of pci-attach: the answer is what QEMU says, and nothing is done twice', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    await world.world.qemu.pause()
    const attaching = world.start('--json', '--timeout', '20', 'pci-attach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-attach', value => value.includes('"running"'))
    await world.world.killAgent()
    world.world.qemu.resume()
    await world.world.startAgent()

    const answer = await report(attaching)
    const isAttached = (await world.devices()).length > 0
    const notDone = { exitCode: 1, error: { code: 'interrupted', outcome: 'not-done' } }
    expect(answer).toMatchObject(isAttached ? { ok: true, exitCode: 0 } : notDone)

    await world.quiet()
    expect((await world.devices()).length > 0, 'no later execution').toBe(isAttached)
    // Another attach tells by its refusal that there is one device, or attaches it now.
    expect(await world.json('pci-attach', 'hvm1', '03:00.0')).toMatchObject({ ok: !isAttached })
  })

  test('before it took the command: nothing is done, and the caller is told so', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    world.world.agent?.signal('SIGSTOP')
    const attaching = world.start('--json', '--timeout', '20', 'pci-attach', 'hvm1', '03:00.0')
    await world.node('dom0/request/pci-attach', value => value.includes('03:00.0'))
    await world.world.killAgent()
    await world.world.startAgent()
    expect(await report(attaching)).toMatchObject({ exitCode: 1, error: { code: 'stale-epoch', outcome: 'not-done' } })
    expect(await world.devices()).toEqual([])
    await world.quiet()
  })

  test('while a detach waits for the guest: the new agent waits on', async () => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0@07')
    const detaching = world.start('--json', '--timeout', '20', 'pci-detach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
    await world.world.killAgent()
    await world.world.startAgent()
    await world.node('stubdom/status', value => value.includes('"ready"'))
    await world.world.qemu.eject(7)
    expect(await report(detaching)).toMatchObject({ ok: true })
    expect(await world.devices()).toEqual([])
  })

  test('while it saved: the device model goes on, and nothing was saved', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    await world.world.qemu.pause()
    const file = `${world.world.directory}/state`
    const saving = world.start('--json', '--timeout', '20', 'save-state', 'hvm1', file)
    await world.node('stubdom/response/save-state', value => value.includes('"running"'))
    await world.world.killAgent()
    world.world.qemu.resume()
    await world.world.startAgent()
    expect(await report(saving)).toMatchObject({ ok: false, error: { code: 'interrupted' } })
    expect(await world.qemu('query-status')).toMatchObject({ running: true })
  })

  test('a second agent for the same stubdomain ends at once', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    const first = world.world.agent
    const second = await world.world.startAgent()
    expect((await second.exited).code).toBe(1)
    expect(second.stderrTail()).toContain('another stubdom-agent serves the stubdomain')
    expect(first?.running).toBe(true)
    first?.signal('SIGKILL')
    await first?.exited
  })
})
