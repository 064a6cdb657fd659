import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureControlDirectory } from '../../control/directory.ts'
import { Agent, done, type Handler, HELLO } from '../../testing/agent.ts'
import { cliIn } from '../../testing/run-cli.ts'
import { STUBDOMAIN, World } from '../../testing/world.ts'
import type { Io } from '../io.ts'
import { runCli } from '../program.ts'

const STATE = Buffer.from('a device model’s state')
const SAVED = {
  channel: 'file',
  bytes: STATE.length,
  sha256: createHash('sha256').update(STATE).digest('hex'),
  before: 'running',
  runState: 'paused',
}

let world: World
beforeEach(async () => {
  world = await World.start()
  await ensureControlDirectory(world.dom0, STUBDOMAIN)
})
afterEach(() => world.stop())

const saving = (content: Buffer, result: object = SAVED): Handler => {
  return async (_args, { key }) => {
    await writeFile(join(world.dir, `${key.id}.state`), content)
    return done(result)
  }
}
const save = (...argv: string[]) => cliIn(world, { env: { STUBDOM_SAVE_DIR: world.dir } }).run('save-state', ...argv)
const letGoOn = (seen: unknown[]): Handler => {
  return async args => {
    seen.push(args)
    return done({ runState: 'running', changed: true })
  }
}
/** What stands beside the target. */
const others = async () => (await readdir(world.dir)).filter(name => !name.endsWith('.state'))

test('the file appears whole, in place of an earlier one', async () => {
  await Agent.start(world, { 'save-state': saving(STATE) })
  const file = join(world.dir, 'out')
  await writeFile(file, 'earlier')
  const run = await save('hvm1', file)
  expect(run).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('(24 bytes, no RAM)') })
  expect(await readFile(file)).toEqual(STATE)
  expect(await others()).toEqual(['out'])
})

test.each<[name: string, content: Buffer, result: object, stderr: RegExp]>([
  ['fewer bytes', STATE.subarray(1), SAVED, /has 23 bytes, the agent announced 24/],
  ['other bytes', Buffer.alloc(24), SAVED, /another SHA-256/],
  ['too many bytes', STATE, { ...SAVED, bytes: 1e9 }, /the limit is 67108864/],
])('%s: the earlier file stays, and nothing else does', async (_name, content, result, stderr) => {
  const resumed: unknown[] = []
  await Agent.start(world, { 'save-state': saving(content, result), 'dm-cont': letGoOn(resumed) })
  const file = join(world.dir, 'out')
  await writeFile(file, 'earlier')
  const run = await save('hvm1', file)
  expect([run.exitCode, run.stderr]).toEqual([1, expect.stringMatching(stderr)])
  expect(await readFile(file, 'utf8')).toBe('earlier')
  expect(await others()).toEqual(['out'])
  expect(await world.requests()).toEqual([])
  expect(resumed, 'the device model was let go on').toEqual([{}])
})

test.each<[name: string, file: string, stderr: RegExp]>([
  ['a directory', '.', /it is a directory/],
  ['no such directory', 'none/out', /ENOENT\n {2}name a file/],
  ['a device', '/dev/null', /not a regular file/],
])('%s is refused before anything is sent', async (_name, file, stderr) => {
  await Agent.start(world, { 'save-state': saving(STATE) })
  const run = await save('hvm1', file.startsWith('/') ? file : join(world.dir, file))
  expect([run.exitCode, run.stderr]).toEqual([1, expect.stringMatching(stderr)])
  expect((await readdir(world.dir)).filter(name => name.endsWith('.state'))).toEqual([])
})

test('an agent without the channel is refused before anything is sent', async () => {
  await Agent.start(world, {}, { ...HELLO, channels: [] })
  const run = await save('hvm1', join(world.dir, 'out'))
  expect([run.exitCode, run.stderr]).toEqual([1, expect.stringMatching(/by file, xenstore; it offers nothing/)])
})

test('on a terminal it is shown how far the state has come', async () => {
  let onShown = (): void => {}
  const shown = new Promise<void>(resolve => {
    onShown = resolve
  })
  await Agent.start(world, {
    'save-state': async (args, controls) => {
      controls.stage('forwarding', { done: 8, total: 24 })
      await shown
      return saving(STATE)(args, controls)
    },
  })
  const terminal = (write: (text: string) => void) => ({ isTTY: true, write })
  const io: Io = {
    stdout: terminal(() => {}),
    stderr: terminal(text => text.includes('running, forwarding, 8 of 24') && onShown()),
    env: { STUBDOM_SAVE_DIR: world.dir },
    onInterrupt: () => () => {},
  }
  const argv = ['save-state', 'hvm1', join(world.dir, 'out'), '--xenstore', world.daemon.socketPath]
  expect(await runCli(argv, io)).toBe(0)
})
