import { expect, test } from 'vitest'
import { onEachXenstore, report } from './support/worlds.ts'

onEachXenstore('a domain that is destroyed in the middle of a command', start => {
  test.each([
    ['the stubdomain', 7],
    ['the guest', 6],
  ])('%s: the command ends at once, outcome unknown, and nothing is resurrected', async (_, domid) => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0')
    const detaching = world.start('--json', '--timeout', '60', 'pci-detach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
    const { dom0, xenstored } = world.world
    // As libxl does it: the domain first, then its directory.
    await xenstored.destroyDomain(domid)
    await dom0.rm(`/local/domain/${domid}`)
    expect(await report(detaching)).toMatchObject({ exitCode: 3, error: { code: 'domain-gone', outcome: 'unknown' } })
    expect(await dom0.exists(`/local/domain/${domid}`)).toBe(false)
  })
})
