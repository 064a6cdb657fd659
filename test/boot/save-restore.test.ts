import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, daemons } from '@stubdom/test-xenstored'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Stubdomain } from './stubdomain.ts'

const BDF = '0000:03:00.0'
const INCOMING = ['-incoming', '$STUBDOM_RESTORE_INCOMING_ARG']
/** What the device that was hot-plugged is on the second QEMU's command line, as libxl would have it. */
const ATTACHED = ['-device', 'edu,id=pci-pt-0000_03_00.0,addr=7']

/** RAM that outlives a QEMU stands for what Xen keeps of a guest; a network card makes the state as large as real ones are. */
function machine(ram: string): string[] {
  return [
    ['-object', `memory-backend-file,id=ram,size=32M,mem-path=${ram},share=on`],
    ['-machine', 'memory-backend=ram', '-device', 'e1000,addr=4'],
  ].flat()
}

/** How the toolstack gives QEMU its arguments. */
const WRITERS = {
  'dm-argv': (stubdomain: Stubdomain, args: string[]) => stubdomain.writeArguments(args),
  dmargs: (stubdomain: Stubdomain, args: string[]) => stubdomain.writeJoinedArguments(args.join('\x1b')),
}

async function boot(daemon: Daemon, form: keyof typeof WRITERS, ram: string, more: string[], state?: Uint8Array) {
  const stubdomain = await Stubdomain.create(daemon)
  await WRITERS[form](stubdomain, [...stubdomain.modelArguments(), ...machine(ram), ...more])
  await stubdomain.makeControlDirectory()
  if (state) stubdomain.restoreConsole.send(state)
  await stubdomain.boot()
  await stubdomain.status(/"ready"/)
  return stubdomain
}

describe.each(daemons())('a stubdomain that is saved, and restored as libxl does it [%s]', daemon => {
  test.each([
    ['dm-argv', 'console'],
    ['dmargs', 'xenstore'],
    ['dmargs', 'console'],
    ['dm-argv', 'xenstore'],
  ] as const)('with %s, by %s: the same bytes, and the guest goes on', async (form, channel) => {
    const directory = await mkdtemp(join(tmpdir(), 'state-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const ram = join(directory, 'ram')
    const from = await boot(daemon, form, ram, [])
    expect(await from.ctl('pci-attach', 'hvm1', `${BDF}@07`)).toMatchObject({ ok: true })
    await from.markClock('0xa5')

    const file = join(directory, 'state')
    const saved = await from.ctl('save-state', '--channel', channel, 'hvm1', file)
    expect(saved, JSON.stringify(saved)).toMatchObject({ ok: true })
    const state = await readFile(file)
    const sha256 = createHash('sha256').update(state).digest('hex')
    expect(saved).toMatchObject({ ok: true, result: { channel, bytes: state.length, sha256, runState: 'paused' } })
    expect(state.length).toBeGreaterThan(128 * 1024)
    await from.destroy()

    const to = await boot(daemon, form, ram, [...ATTACHED, ...INCOMING], state)
    await expect.poll(() => to.qemu('query-status')).toMatchObject({ running: true })
    expect(await to.clockMark()).toBe('0x00a5')
    // The guest itself has to give the device up: it runs, with its RAM, its interrupts and its slots.
    expect(await to.ctl('pci-detach', 'hvm1', BDF)).toMatchObject({ ok: true })
  })
})
