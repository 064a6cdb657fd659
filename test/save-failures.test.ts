import { execFileSync } from 'node:child_process'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PROGRAMS, type Running, start as startProgram } from '@stubdom/demo'
import { isErrno, XenstoreClient } from '@stubdom/xenstore'
import { expect, onTestFinished, test } from 'vitest'
import { exhaustFiles, type StateWorld, startStateWorld } from './support/states.ts'
import { onEachXenstore, report } from './support/worlds.ts'

interface Failing extends StateWorld {
  readonly file: string
  save(): Running
}

interface Row {
  readonly channel: 'file' | 'console' | 'xenstore'
  /** What console 1 is joined with in dom0. */
  readonly sink?: (at: (name: string) => string) => string
  /** Breaks what is needed, and gives the command. */
  readonly provoke: (scene: Failing) => Promise<Running>
  readonly code?: string
  readonly stage?: string
  readonly message: RegExp
}

/** Less than a state has, as a disk that is almost full. */
const FULL = '--fsize=65536'

const limit = (pid: number | undefined) => execFileSync('prlimit', ['--pid', `${pid}`, FULL])

/** The state is with the agent, dom0 has not looked yet: `spoil` happens in between. */
async function betweenBoth(scene: Failing, spoil: (state: string) => Promise<unknown>): Promise<Running> {
  const { world } = scene
  await world.world.qemu.pause()
  const saving = scene.save()
  await world.node('stubdom/response/save-state', value => value.includes('"running"'))
  execFileSync('kill', ['-STOP', `${saving.pid}`])
  world.world.qemu.resume()
  await world.node('stubdom/response/save-state', value => value.includes('"state":"done"'))
  const [state = ''] = await readdir(world.world.saveDirectory)
  await spoil(join(world.world.saveDirectory, state))
  execFileSync('kill', ['-CONT', `${saving.pid}`])
  return saving
}

/** Leaves the stubdomain room for a few nodes more, and no others. */
async function useUpBut(free: number, { world }: Failing): Promise<void> {
  const client = await XenstoreClient.connect({ path: world.world.domainSocket(world.world.domains.stubdomain) })
  onTestFinished(() => client.close())
  const made: string[] = []
  const names = Array.from({ length: 90 }, (_, index) => index.toString(36).padStart(2, '0'))
  try {
    for (const directory of names) {
      for (const name of names) {
        const path = `data/${directory}/${name}`
        await client.mkdir(path)
        made.push(path)
      }
    }
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EQUOTA')) throw error
  }
  for (const path of made.slice(-free)) await client.rm(path)
}

const ROWS: Readonly<Record<string, Row>> = {
  'the directory is not there': {
    channel: 'file',
    provoke: async scene => {
      await rm(scene.world.world.saveDirectory, { recursive: true })
      return scene.save()
    },
    message: /the save channel is not usable: ENOENT/,
  },
  'the stubdomain’s disk is full': {
    channel: 'file',
    provoke: async scene => {
      limit(scene.world.world.agent?.pid)
      return scene.save()
    },
    stage: 'forwarding',
    message: /the device model goes on: the state could not be put into the save directory: EFBIG/,
  },
  'the state goes before dom0 has it': {
    channel: 'file',
    provoke: scene => betweenBoth(scene, rm),
    stage: 'collecting',
    message: /did not arrive: .*ENOENT; the device model goes on/,
  },
  'the state is another one when dom0 reads it': {
    channel: 'file',
    provoke: scene =>
      betweenBoth(scene, async state => {
        const bytes = await readFile(state)
        await writeFile(state, bytes.fill(0x55, 1_000, 1_001))
      }),
    stage: 'collecting',
    message: /another SHA-256.*; the device model goes on/,
  },
  'the console is not there': {
    channel: 'console',
    provoke: async scene => {
      await rm(scene.at('hvc1'))
      return scene.save()
    },
    message: /the save console is not usable: ENOENT/,
  },
  'the console’s backend dies while the state is on its way': {
    channel: 'console',
    provoke: async scene => {
      // It takes nothing any more: the state does not fit what is between both.
      scene.saveConsole.backend.signal('SIGSTOP')
      const saving = scene.save()
      await scene.world.node('stubdom/response/save-state', value => value.includes('"forwarding"'))
      scene.saveConsole.backend.signal('SIGKILL')
      return saving
    },
    stage: 'forwarding',
    message: /goes on: console .*hvc1 took \d+ of \d+ bytes: EIO/,
  },
  'the console brings less than was sent': {
    channel: 'console',
    sink: at => `SYSTEM:"head -c 100000 >>${at('saved')}; cat >/dev/null"`,
    provoke: async scene => scene.save(),
    stage: 'collecting',
    message: /saved brought \d+ bytes of the state.*the agent announced \d+; no more came.*; the device model goes on/,
  },
  'the console brings something else': {
    channel: 'console',
    sink: at => `SYSTEM:"stdbuf -o0 tr E F >>${at('saved')}"`,
    provoke: async scene => scene.save(),
    stage: 'collecting',
    message: /another SHA-256.*; the device model goes on/,
  },
  'dom0’s node is not dom0’s': {
    channel: 'console',
    provoke: async scene => {
      const { dom0, domains } = scene.world.world
      const path = `/local/domain/${domains.stubdomain}/device/console/1/output`
      await dom0.setPermissions(path, { owner: domains.stubdomain, others: 'none', grants: [] })
      return scene.save()
    },
    code: 'usage',
    message: /output is not dom0’s alone to write/,
  },
  'the stubdomain’s quota does not hold the answer': {
    channel: 'xenstore',
    provoke: async scene => {
      await useUpBut(2, scene)
      return scene.save()
    },
    code: 'quota',
    message: /quota is used up/,
  },
  'dom0’s disk is full': {
    channel: 'xenstore',
    provoke: async scene => {
      const args = [FULL, process.execPath, PROGRAMS.stubdomctl, '--json', 'save-state', '--channel', 'xenstore']
      return startProgram('prlimit', [...args, 'hvm1', scene.file], scene.world.world.environment)
    },
    code: 'save-target',
    message: /could not be written: EFBIG; the device model goes on/,
  },
  'QEMU cannot write': {
    channel: 'xenstore',
    provoke: async scene => {
      await exhaustFiles(scene.world.world.qemu.pid)
      return scene.save()
    },
    stage: 'saving',
    message: /the device model goes on: .*Unable to open.*Too many open files/,
  },
}

onEachXenstore('a save that fails', start => {
  test.each(Object.entries(ROWS))('%s: the device model goes on, the earlier file is untouched', async (_name, row) => {
    const base = await startStateWorld(start, row.sink)
    const { world, at } = base
    const file = at('state')
    await writeFile(file, 'precious')
    await world.json('ping', 'hvm1')
    expect(await world.qemu('query-status')).toMatchObject({ running: true })

    const save = () => world.start('--json', 'save-state', '--channel', row.channel, 'hvm1', file)
    const answer = await report(await row.provoke({ ...base, file, save }))
    expect(answer.error?.message).toMatch(row.message)
    expect([answer.ok, answer.error?.code, answer.error?.stage]).toEqual([false, row.code ?? 'save-failed', row.stage])

    expect(await world.qemu('query-status')).toMatchObject({ running: true, status: 'running' })
    expect(await readFile(file, 'utf8')).toBe('precious')
    expect((await readdir(dirname(file))).filter(name => name.startsWith('state'))).toEqual(['state'])
    await world.quiet()
    expect(await readdir(world.world.saveDirectory).catch(() => []), 'nothing is kept').toEqual([])
  })

  test('the Xenstore begins anew while the state is on its way: the device model goes on', async () => {
    const { world, at, saveConsole } = await startStateWorld(start)
    const file = at('state')
    await writeFile(file, 'precious')
    // It takes nothing any more: the state does not fit what is between both.
    saveConsole.backend.signal('SIGSTOP')
    const saving = report(world.start('--json', 'save-state', '--channel', 'console', 'hvm1', file))
    await world.node('stubdom/response/save-state', value => value.includes('"forwarding"'))
    expect(await world.qemu('query-status')).toMatchObject({ running: false })
    await world.world.restartXenstored()
    await expect.poll(() => world.qemu('query-status'), { timeout: 15_000 }).toMatchObject({ running: true })
    expect(await saving).toMatchObject({ ok: false })
    expect(await readFile(file, 'utf8')).toBe('precious')
  })
})
