import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { replaceQemu, type StateWorld, startStateWorld } from './support/states.ts'
import { onEachXenstore, type TestWorld } from './support/worlds.ts'

onEachXenstore('a restore that fails', start => {
  /** A world with a saved state, and a QEMU that waits for one. */
  const waiting = async (options?: Parameters<typeof startStateWorld>[1]): Promise<StateWorld & { file: string }> => {
    const scene = await startStateWorld(start, options)
    const file = scene.at('state')
    await scene.world.json('save-state', '--channel', 'xenstore', 'hvm1', file)
    await replaceQemu(scene.world, '-incoming', 'defer')
    return { ...scene, file }
  }
  const restore = ({ world }: { world: TestWorld }, channel: string, file: string) =>
    world.json('restore-state', '--channel', channel, 'hvm1', file)

  test('a device model that does not wait is left alone', async () => {
    const scene = await startStateWorld(start)
    const file = scene.at('state')
    await scene.world.json('save-state', '-c', 'hvm1', file)
    const answer = await restore(scene, 'xenstore', file)
    expect(answer).toMatchObject({ ok: false, error: { code: 'restore-failed', outcome: 'not-done', stage: 'checking' } })
    expect(answer.error?.message).toMatch(/does not wait for a state, it is running; .*-incoming defer/)
    expect(await scene.world.qemu('query-status')).toMatchObject({ running: true })
    await scene.world.quiet()
  })

  test.each([
    ['with another byte', 'head -c 1000; printf X; tail -c +2', /another SHA-256/],
    ['cut short', 'head -c 100000; cat >/dev/null', /brought \d+ of \d+ bytes: it did not move for 10 s/],
  ])('a state that comes %s does not get to QEMU, which still takes the whole one', async (_name, spoil, message) => {
    const scene = await waiting({ source: at => `SYSTEM:"(${spoil}) <>${at('restore.in')} >&1"` })
    const answer = await restore(scene, 'console', scene.file)
    expect(answer).toMatchObject({ ok: false, error: { code: 'restore-failed', outcome: 'not-done', stage: 'receiving' } })
    expect(answer.error?.message).toMatch(message)
    expect(await scene.world.qemu('query-status')).toMatchObject({ status: 'inmigrate' })
    expect(await restore(scene, 'xenstore', scene.file)).toMatchObject({ ok: true, result: { runState: 'running' } })
    await scene.world.quiet()
  })

  test('a state that QEMU cannot load: QEMU ends, and the answer says at which stage', async () => {
    const scene = await waiting()
    const state = await readFile(scene.file)
    await writeFile(scene.file, state.subarray(0, state.length / 2))
    const answer = await restore(scene, 'xenstore', scene.file)
    expect(answer).toMatchObject({ ok: false, error: { code: 'qemu-gone', stage: 'loading' } })
    await scene.world.world.qemu.exited
    await scene.world.quiet()
  })

  test('taken back before QEMU has any of it: nothing was done', async () => {
    const scene = await waiting({ source: at => `SYSTEM:"cat ${at('restore.in')} >/dev/null; sleep 60"` })
    const restoring = scene.world.start('--json', 'restore-state', '--channel', 'console', 'hvm1', scene.file)
    await scene.world.node('stubdom/response/restore-state', value => value.includes('"receiving"'))
    restoring.signal('SIGINT')
    expect(JSON.parse((await restoring.finished).stdout)).toMatchObject({ error: { code: 'cancelled' } })
    expect(await scene.world.qemu('query-status')).toMatchObject({ status: 'inmigrate' })
    await scene.world.quiet()
  })
})
