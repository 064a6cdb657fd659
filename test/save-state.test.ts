import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { onEachXenstore } from './support/worlds.ts'

onEachXenstore('save-state', start => {
  test('writes exactly what QEMU saved, and leaves the device model stopped', async () => {
    const world = await start()
    const file = join(world.world.directory, 'state')
    const answer = await world.json('save-state', 'hvm1', file)
    expect(answer).toMatchObject({ ok: true })
    const bytes = await readFile(file)
    expect(JSON.stringify(answer)).toContain(createHash('sha256').update(bytes).digest('hex'))
    // QEMU's own mark of a saved Xen device-model state: QEVM, version 3.
    expect(bytes.subarray(0, 4).toString()).toBe('QEVM')
    expect(await world.qemu('query-status')).toMatchObject({ running: false })
    await world.quiet()
    expect(await readdir(world.world.saveDirectory), 'the agent keeps nothing').toEqual([])
  })

  test('-c lets the device model go on', async () => {
    const world = await start()
    expect(await world.json('save-state', '-c', 'hvm1', join(world.world.directory, 'state'))).toMatchObject({
      ok: true,
    })
    expect(await world.qemu('query-status')).toMatchObject({ running: true })
  })

  test('a target that cannot be written is refused before anything is done', async () => {
    const world = await start()
    const { directory } = world.world
    for (const target of [join(directory, 'no-such-directory', 'state'), directory]) {
      const answer = await world.json('save-state', 'hvm1', target)
      expect(answer, target).toMatchObject({ ok: false, exitCode: 1 })
      expect(answer.error?.message).toContain(target)
    }
    expect(await world.qemu('query-status')).toMatchObject({ running: true })
    await world.quiet()
  })

  test('an agent without a save channel says so', async () => {
    const world = await start({ agentArguments: ['--save-dir', '/nonexistent'] })
    const answer = await world.json('save-state', '--channel', 'file', 'hvm1', join(world.world.directory, 'state'))
    expect(answer).toMatchObject({ exitCode: 1, error: { code: 'save-failed', outcome: 'not-done' } })
    expect(answer.error?.message).toContain('save channel is not usable')
    expect(await world.qemu('query-status')).toMatchObject({ running: true })
  })
})
