import { start as startProgram } from '@stubdom/demo'
import { isErrno, XenstoreClient } from '@stubdom/xenstore'
import { expect, onTestFinished, test } from 'vitest'
import { onEachXenstore, type TestWorld } from './support/worlds.ts'

async function as(world: TestWorld, domid: number): Promise<XenstoreClient> {
  const client = await XenstoreClient.connect({ path: world.world.domainSocket(domid) })
  onTestFinished(() => client.close())
  return client
}

onEachXenstore('who may see and write the control directory', start => {
  test('the guest can read none of it', async () => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0')
    const detaching = world.start('--json', '--timeout', '1', 'pci-detach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
    const guest = await as(world, 6)
    const nodes = await world.nodes()
    expect(nodes.some(path => path.startsWith('dom0/request/pci-detach/'))).toBe(true)
    expect(nodes.some(path => path.startsWith('stubdom/response/pci-detach/'))).toBe(true)
    for (const path of nodes) {
      const absolute = path === '' ? world.world.controlDirectory : `${world.world.controlDirectory}/${path}`
      await expect(guest.read(absolute), absolute).rejects.toSatisfy(error => isErrno(error, 'EACCES'))
      await expect(guest.list(absolute), absolute).rejects.toSatisfy(error => isErrno(error, 'EACCES'))
      await expect(guest.write(absolute, 'x'), absolute).rejects.toSatisfy(error => isErrno(error, 'EACCES'))
    }
    await detaching.finished
  })

  test('the stubdomain can read dom0’s tree and write none of it', async () => {
    const world = await start({ withoutAgent: true })
    await world.json('ping', 'hvm1')
    const stubdomain = await as(world, 7)
    expect(await stubdomain.list('dm-control/dom0/request')).toContain('ping')
    for (const path of [
      'dm-control/dom0',
      'dm-control/dom0/request',
      'dm-control/dom0/request/ping/0mhx3ab0-0000000',
      'dm-control/x',
    ]) {
      await expect(stubdomain.write(path, 'x'), path).rejects.toSatisfy(error => isErrno(error, 'EACCES'))
    }
    await expect(stubdomain.rm('dm-control')).rejects.toSatisfy(error => isErrno(error, 'EACCES'))
    await expect(stubdomain.rm('dm-control/dom0')).rejects.toSatisfy(error => isErrno(error, 'EACCES'))
  })

  test('xenstore-ls shows a request and its response as readable text', async () => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0')
    const detaching = world.start('--json', '--timeout', '1', 'pci-detach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
    const listing = await startProgram('xenstore-ls', ['-f', world.world.controlDirectory], world.world.environment)
      .finished
    expect(listing.exitCode, listing.stderr).toBe(0)
    expect(listing.stdout).toMatch(
      /dom0\/request\/pci-detach\/\S+ = "\{"v":1,"epoch":".*"args":\{"bdf":"0000:03:00\.0"\}\}"/,
    )
    expect(listing.stdout).toMatch(/stubdom\/response\/pci-detach\/\S+ = "\{.*"state":"accepted".*\}"/)
    await detaching.finished
  })
})
