import { execFileSync, spawn } from 'node:child_process'
import { open, readFile, writeFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { guestIsUp, replaceQemu, type StateWorld, startStateWorld } from './support/states.ts'
import { onEachXenstore, type TestWorld } from './support/worlds.ts'

async function fifo(path: string): Promise<string> {
  execFileSync('mkfifo', [path])
  // Kept open: what is written before somebody reads it stays.
  const kept = await open(path, 'r+')
  onTestFinished(() => kept.close())
  return path
}

/** A program that changes what goes from one FIFO to another. */
async function between([program = '', ...args]: readonly string[], from: string, to: string): Promise<void> {
  const [input, output] = await Promise.all([open(from, 'r+'), open(to, 'r+')])
  const child = spawn(program, args, { stdio: [input.fd, output.fd, 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await Promise.all([input.close(), output.close()])
}

onEachXenstore('a restore that fails', start => {
  /** A world with a saved state, and a QEMU that waits for one. */
  const waiting = async (): Promise<StateWorld & { file: string }> => {
    const scene = await startStateWorld(start)
    const file = scene.at('state')
    await guestIsUp(scene.world)
    await scene.world.json('save-state', '--channel', 'xenstore', 'hvm1', file)
    await replaceQemu(scene.world, '-incoming', 'defer')
    return { ...scene, file }
  }
  const restore = ({ world }: { world: TestWorld }, file: string, ...options: string[]) =>
    world.json('restore-state', ...options, 'hvm1', file)
  const BY_XENSTORE = ['--channel', 'xenstore']

  test('a device model that does not wait is left alone', async () => {
    const scene = await startStateWorld(start)
    const file = scene.at('state')
    await scene.world.json('save-state', '-c', 'hvm1', file)
    const answer = await restore(scene, file, ...BY_XENSTORE)
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'restore-failed', outcome: 'not-done', stage: 'checking' },
    })
    expect(answer.error?.message).toMatch(/does not wait for a state, it is running; .*-incoming defer/)
    expect(await scene.world.qemu('query-status')).toMatchObject({ running: true })
    await scene.world.quiet()
  })

  test.each([
    ['with other bytes', ['stdbuf', '-o0', 'tr', 'E', 'F'], /another SHA-256/],
    ['cut short', ['head', '-c', '100000'], /brought \d+ of \d+ bytes: it did not move for 10 s/],
  ])(
    'a state that comes %s does not get to QEMU, which still takes the whole one',
    async (_name, spoil, message) => {
      const scene = await waiting()
      const backend = await fifo(scene.at('backend'))
      await between(spoil, backend, scene.at('restore.in'))
      const answer = await restore(scene, scene.file, '--console', backend)
      expect(answer).toMatchObject({
        ok: false,
        error: { code: 'restore-failed', outcome: 'not-done', stage: 'receiving' },
      })
      expect(answer.error?.message).toMatch(message)
      expect(await scene.world.qemu('query-status')).toMatchObject({ status: 'inmigrate' })
      const whole = await restore(scene, scene.file, ...BY_XENSTORE)
      expect(whole, JSON.stringify(whole)).toMatchObject({ ok: true, result: { runState: 'running' } })
      await scene.world.quiet()
    },
    60_000,
  )

  test('a state that QEMU cannot load: QEMU ends, and the answer says at which stage', async () => {
    const scene = await waiting()
    const state = await readFile(scene.file)
    await writeFile(scene.file, state.subarray(0, state.length / 2))
    const answer = await restore(scene, scene.file, ...BY_XENSTORE)
    expect(answer).toMatchObject({ ok: false, error: { code: 'qemu-gone', stage: 'loading' } })
    await scene.world.world.qemu.exited
    await scene.world.quiet()
  })

  test('taken back before QEMU has any of it: nothing was done', async () => {
    const scene = await waiting()
    const backend = await fifo(scene.at('nobody-reads'))
    const restoring = scene.world.start('--json', 'restore-state', '--console', backend, 'hvm1', scene.file)
    await scene.world.node('stubdom/response/restore-state', value => value.includes('"receiving"'))
    restoring.signal('SIGINT')
    expect(JSON.parse((await restoring.finished).stdout)).toMatchObject({ error: { code: 'cancelled' } })
    expect(await scene.world.qemu('query-status')).toMatchObject({ status: 'inmigrate' })
    await scene.world.quiet()
  })
})
