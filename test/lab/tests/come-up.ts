import assert from 'node:assert/strict'
import { Guest } from '../dom0/guest.ts'
import { topic } from '../dom0/harness.ts'
import { nextName, share } from '../dom0/shared-guest.ts'
import { succeed } from '../dom0/shell.ts'
import { installedStubdomctlJson, stubdomctl } from '../dom0/stubdomctl.ts'
import { readNode } from '../dom0/xenstore.ts'

let made: Promise<Guest> | undefined

/** A guest that these tests have made themselves, and of which no stubdomctl knows yet. */
async function newGuest(): Promise<Guest> {
  made ??= Guest.create({ name: nextName() }).then(share)
  return await made
}

topic('coming up', test => {
  test(
    'xl create returns with our image as the stubdomain, and the guest runs',
    async () => {
      const guest = await newGuest()
      assert.equal(await readNode(`/local/domain/${guest.stubdomain}/device-model/${guest.domid}/state`), 'running')
      assert.equal((await guest.devices()).get(0), '12378086')
    },
    { timeoutMs: 120_000 },
  )

  test('the first stubdomctl call makes the control directory, and the agent says hello within 2 s', async () => {
    const guest = await newGuest()
    assert.equal(await readNode(`/local/domain/${guest.stubdomain}/dm-control/stubdom/hello`), undefined)
    const { code, stderr, document } = await installedStubdomctlJson('--timeout', '2', 'ping', guest.name)
    assert.equal(code, 0, stderr)
    assert.equal(document['ok'], true)
    assert.match((await readNode(`/local/domain/${guest.stubdomain}/dm-control/stubdom/hello`)) ?? '', /"epoch"/)
  })

  test('list, status and ping tell of it', async () => {
    const guest = await newGuest()
    const { stdout: list } = await stubdomctl('list')
    assert.match(list, new RegExp(`${guest.name}\\s+${guest.domid}\\s+${guest.stubdomain}`))
    const status = await stubdomctl('status', guest.name)
    assert.equal(status.code, 0, status.stderr)
    assert.match(status.stdout, /running/)
    const ping = await stubdomctl('ping', guest.name, '-c', '10')
    assert.equal(ping.code, 0, ping.stderr)
    assert.match(ping.stdout, /median/)
  })

  test('xenstore-ls in dom0 shows the control directory', async () => {
    const guest = await newGuest()
    const listing = await succeed('xenstore-ls', ['-f', `/local/domain/${guest.stubdomain}/dm-control`])
    assert.match(listing, /dm-control\/stubdom\/hello = /)
  })

  test('the guest itself can read nothing of it', async () => {
    const guest = await newGuest()
    const control = `/local/domain/${guest.stubdomain}/dm-control`
    for (const path of [control, `${control}/stubdom/hello`, `${control}/dom0/request`]) {
      assert.deepEqual(await guest.ask(`read ${path}`), { ok: false, text: 'EACCES' }, path)
      assert.deepEqual(await guest.ask(`list ${path}`), { ok: false, text: 'EACCES' }, path)
    }
    assert.deepEqual(await guest.ask('read name'), { ok: true, text: guest.name })
  })
})
