import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROGRAMS, start as startProgram } from '@stubdom/demo'
import { expect, onTestFinished, test } from 'vitest'
import { onEachXenstore, report } from './support/worlds.ts'

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

  test('a QEMU that cannot write: the existing file is kept and the device model goes on', async () => {
    // A directory whose own name just fits into a path: what lies in it has a name too long for QEMU to open.
    const parent = await mkdtemp(join(tmpdir(), 'deep-'))
    onTestFinished(() => rm(parent, { recursive: true, force: true }))
    const deep = deepDirectory(parent, 4_080)
    await mkdir(deep, { recursive: true })
    const world = await start({ agentArguments: ['--save-dir', deep] })
    const file = join(world.world.directory, 'state')
    await writeFile(file, 'precious')
    const answer = await world.json('save-state', 'hvm1', file)
    expect(answer).toMatchObject({ exitCode: 1, error: { code: 'save-failed', outcome: 'not-done' } })
    expect(answer.error?.message).toMatch(/the device model goes on: .*Unable to open/)
    expect(await readFile(file, 'utf8')).toBe('precious')
    expect(await world.qemu('query-status')).toMatchObject({ running: true })
    await world.quiet()
  })

  test('an agent without a save channel says so', async () => {
    const world = await start({ agentArguments: ['--save-dir', '/nonexistent'] })
    const answer = await world.json('save-state', 'hvm1', join(world.world.directory, 'state'))
    expect(answer).toMatchObject({ exitCode: 1, error: { code: 'save-failed', outcome: 'not-done' } })
    expect(answer.error?.message).toContain('save channel is not usable')
    expect(await world.qemu('query-status')).toMatchObject({ running: true })
  })

  test('a full disk: no half file, the existing one kept', async () => {
    const world = await start()
    const file = join(world.world.directory, 'state')
    await writeFile(file, 'precious')
    // A limit on the size of files that dom0's process may write stands for a disk that is full.
    const args = ['--fsize=4096', process.execPath, PROGRAMS.stubdomctl, '--json', 'save-state', 'hvm1', file]
    const answer = await report(startProgram('prlimit', args, world.world.environment))
    expect(answer).toMatchObject({ ok: false, exitCode: 1 })
    expect(await readFile(file, 'utf8')).toBe('precious')
    const left = (await readdir(world.world.directory)).filter(
      name => name.startsWith('.state') || /state.+/.test(name),
    )
    expect(left).toEqual([])
    expect(existsSync(file)).toBe(true)
    await world.quiet()
  })
})

/** A path below `parent` of exactly `length` characters. */
function deepDirectory(parent: string, length: number): string {
  let path = parent
  while (path.length < length) path = join(path, 'd'.repeat(Math.min(200, length - path.length - 1)))
  return path
}
