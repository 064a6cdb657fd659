import { expect, test } from 'vitest'
import { onEachXenstore, report } from './support/worlds.ts'

onEachXenstore('several stubdomctl at the same time', start => {
  test('ten processes get ten right answers and leave no node', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    await world.quiet()
    const before = await world.nodes()
    const slots = Array.from({ length: 10 }, (_, index) => (index + 5).toString(16).padStart(2, '0'))
    const answers = await Promise.all(slots.map(slot => world.json('pci-attach', 'hvm1', `0a:${slot}.0@${slot}`)))
    expect(answers.map(({ ok }) => ok)).toEqual(slots.map(() => true))
    const answered = answers.map(answer => JSON.stringify(answer))
    for (const [index, slot] of slots.entries()) expect(answered[index]).toContain(`0000:0a:${slot}.0`)
    expect((await world.devices()).toSorted()).toEqual(slots.map(slot => `pci-pt-0000_0a_${slot}.0`))
    await world.quiet()
    expect(await world.nodes()).toEqual(before)
  })

  test('the same device twice: one attaches it, the other is told so', async () => {
    const world = await start()
    const answers = await Promise.all([
      world.json('pci-attach', 'hvm1', '03:00.0'),
      world.json('pci-attach', 'hvm1', '03:00.0'),
    ])
    expect(answers.map(({ ok }) => ok).toSorted()).toEqual([false, true])
    expect(answers.find(({ ok }) => !ok)).toMatchObject({
      exitCode: 1,
      error: { code: 'already-attached', outcome: 'not-done' },
    })
    expect(await world.devices()).toEqual(['pci-pt-0000_03_00.0'])
  })

  test('different devices do not wait for each other', async () => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0')
    const waiting = world.start('--json', 'pci-detach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
    expect(await world.json('pci-attach', 'hvm1', '04:00.0@08')).toMatchObject({ ok: true })
    await world.world.qemu.eject(2)
    expect(await report(waiting)).toMatchObject({ ok: true })
  })
})
