import { readdir, readFile } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { connect } from '@stubdom/dom0-agent'
import { expect, onTestFinished, test } from 'vitest'
import { onEachXenstore, report } from './support/worlds.ts'

/** More than what stalls a stubdomain on C xenstored when a stopped process of dom0 watches its whole directory: about 158 were measured. */
const OTHERS = 300

onEachXenstore('a stubdomctl that was stopped in the middle of a command', start => {
  test('stalls neither the stubdomain nor others, and ends with the true answer when it goes on', async () => {
    const world = await start({ guest: 'silent' })
    await world.json('pci-attach', 'hvm1', '03:00.0@07')
    const stopped = world.start('--json', '--timeout', '60', 'pci-detach', 'hvm1', '03:00.0')
    onTestFinished(() => stopped.signal('SIGKILL'))
    await world.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
    stopped.signal('SIGSTOP')
    while (!(await isStopped(stopped.pid))) await turn()

    const dom0 = await connect({ xenstore: world.world.dom0Socket })
    onTestFinished(() => dom0.close())
    const stubdomain = await dom0.stubdomain('hvm1')
    for (let count = 0; count < OTHERS; count += 20) {
      const commands = Array.from({ length: 20 }, (_, index) => (index % 2 ? stubdomain.ping() : stubdomain.pciList()))
      await Promise.all(commands.map(({ result }) => result))
    }
    const others = await Promise.all(['ping', 'pci-list', 'status', 'ping'].map(command => world.json(command, 'hvm1')))
    expect(others.map(({ ok }) => ok)).toEqual([true, true, true, true])

    await world.world.qemu.eject(7)
    await world.node('stubdom/response/pci-detach', value => value.includes('"done"'))
    expect(await isStopped(stopped.pid)).toBe(true)
    stopped.signal('SIGCONT')
    expect(await report(stopped)).toMatchObject({ ok: true, exitCode: 0 })
    expect(await world.devices()).toEqual([])
    await world.quiet()
  })
})

/** Whether all threads of a process stand still. */
async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`)
  const stats = await Promise.all(threads.map(thread => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')))
  return stats.every(stat => /\) T /.test(stat))
}
