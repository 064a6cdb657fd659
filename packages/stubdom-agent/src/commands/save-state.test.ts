import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseOptions } from '../options.ts'
import { ConfiguredChannels } from '../save/channels.ts'
import { saveState } from './save-state.ts'
import type { Task } from './task.ts'

/** More than fits into a message, and cannot be compressed: no real QEMU’s state is like it. */
const LARGE = randomBytes(300_000)

let dir: string
let asked: string[]
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ss-'))
  asked = []
})
afterEach(() => rm(dir, { recursive: true, force: true }))

function task(): Task {
  const options = parseOptions(['--qmp', '/q', '--save-dir', dir])
  if (typeof options === 'string') throw new Error(options)
  const execute = async (command: string, args?: Record<string, unknown>) => {
    asked.push(command)
    if (command === 'xen-save-devices-state') await writeFile(`${args?.['filename']}`, LARGE)
    return { running: !asked.includes('stop') || asked.includes('cont'), status: 'running' }
  }
  const stages = { commit: () => {}, stage: async () => true }
  const { signal } = new AbortController()
  return {
    id: '0mhx3ab0-00x7k2q',
    signal,
    qemu: { version: '', execute },
    states: new ConfiguredChannels(options),
    ...stages,
  } as unknown as Task
}

test('a state that is too large for one channel goes by the next, and the device model is stopped once', async () => {
  const saved = await saveState.run({ channels: ['xenstore', 'file'], resume: false }, task())
  expect(saved).toMatchObject({ channel: 'file', bytes: LARGE.length, before: 'running', runState: 'paused' })
  expect(await readdir(dir)).toEqual(['0mhx3ab0-00x7k2q.state'])
  expect(asked).toEqual(['query-status', 'stop', 'xen-save-devices-state'])
})

test('a state that is too large for all of them: the device model goes on', async () => {
  await expect(saveState.run({ channels: ['xenstore'], resume: false }, task())).rejects.toMatchObject({
    code: 'too-large',
    outcome: 'not-done',
    stage: 'forwarding',
    message: expect.stringMatching(/300000 bytes, too many to go by xenstore/),
  })
  expect(asked.at(-1)).toBe('cont')
})

test('what was asked for and cannot be had is refused before anything is done', async () => {
  await expect(saveState.run({ channels: ['console'], resume: false }, task())).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/cannot save by console; it has file, xenstore/),
  })
  expect(asked).toEqual([])
})
