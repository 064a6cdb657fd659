import assert from 'node:assert/strict'
import { topic } from '../dom0/harness.ts'
import { sharedGuest } from '../dom0/shared-guest.ts'
import { succeed } from '../dom0/shell.ts'
import { stubdomctl } from '../dom0/stubdomctl.ts'
import { readNode } from '../dom0/xenstore.ts'

// The last file that is run: the daemon of 4.17 was seen to die some minutes after its live update, during transactions of libxl's.
topic('xenstored', test => {
  test('is live-updated: the agent goes on in the same epoch', async () => {
    const guest = await sharedGuest()
    const hello = `/local/domain/${guest.stubdomain}/dm-control/stubdom/hello`
    assert.equal((await stubdomctl('--timeout', '20', 'ping', guest.name)).code, 0)
    const before = await readNode(hello)
    await succeed('xenstore-control', ['live-update', '/usr/lib/xen-4.17/bin/xenstored'])
    const ping = await stubdomctl('--timeout', '20', 'ping', guest.name)
    assert.equal(ping.code, 0, ping.stderr)
    assert.equal(await readNode(hello), before)
  })
})
