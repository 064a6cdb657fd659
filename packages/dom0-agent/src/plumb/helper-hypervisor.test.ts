import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { FakeHelper } from '../testing/fake-helper.ts'
import { HelperHypervisor } from './helper-hypervisor.ts'

const BDF = '0000:03:00.0'
const PORTS = { kind: 'ports', first: 0xc000, count: 32 } as const

/** Milliseconds: for a program that will not answer. Long enough for one that does, on a busy machine. */
const SHORT_MS = 3_000

let dir: string
let helper: FakeHelper
let hypervisor: HelperHypervisor
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hh-'))
  helper = await FakeHelper.make(dir)
  hypervisor = new HelperHypervisor(helper.program, SHORT_MS)
})
afterEach(async () => {
  await hypervisor.close()
  const left = await helper.processes()
  await rm(dir, { recursive: true })
  if (left.includes(true)) throw new Error('a process of the helper is left')
})

test('one process makes all hypercalls, in the order in which they are wanted, and ends when no more are', async () => {
  await Promise.all([
    hypervisor.testAssign(6, BDF),
    hypervisor.access(7, PORTS, true),
    hypervisor.interrupt(7, 17, true),
    hypervisor.assign(6, BDF, 'strict'),
  ])
  await hypervisor.deassign(6, BDF)
  expect(await helper.requests()).toEqual([
    `test-assign 6 ${BDF}`,
    'ioport 7 49152 32 allow',
    'irq 7 17 allow',
    `assign 6 ${BDF} strict`,
    `deassign 6 ${BDF}`,
  ])
  expect(await helper.processes()).toEqual([true])
  await hypervisor.close()
  expect(await helper.processes()).toEqual([false])
})

test('no process is started where no hypercall is made', async () => {
  await hypervisor.close()
  expect(await helper.processes()).toEqual([])
})

test('once it is closed it makes none, be it for whoever still has it', async () => {
  await hypervisor.close()
  await expect(hypervisor.quarantine(BDF)).rejects.toThrow('quarantine: no hypercalls are made any more')
  expect(await helper.processes()).toEqual([])
})

test('what is under way when it is closed is made', async () => {
  const calls = [hypervisor.quarantine(BDF), hypervisor.unquarantine(BDF)]
  await hypervisor.close()
  expect(await helper.processes()).toEqual([false])
  await Promise.all(calls)
  expect(await helper.requests()).toEqual([`quarantine ${BDF}`, `unquarantine ${BDF}`])
})

test('a hypercall that is refused fails alone: the next one is made by the same process', async () => {
  await helper.refuse('^assign', 22)
  const results = await Promise.allSettled([hypervisor.assign(6, BDF, 'relaxed'), hypervisor.quarantine(BDF)])
  expect(results).toMatchObject([
    { reason: { name: 'HypercallError', call: 'assign', errno: 22, message: 'assign: Operation not permitted' } },
    { status: 'fulfilled' },
  ])
  expect(await helper.processes()).toEqual([true])
})

test.each([`relaxed\nquarantine ${BDF}`, 'strict relaxed', ''])('what is no word is not asked: %j', async policy => {
  const call = hypervisor.assign(6, BDF, policy as 'relaxed')
  await expect(call).rejects.toMatchObject({ name: 'HypercallError', message: expect.stringMatching(/no request/) })
  expect(await helper.requests()).toEqual([])
})

describe('after a process that', () => {
  test.each<[does: string, shell: string, message: RegExp]>([
    ['says why and ends', 'echo no such thing >&2; exit 3', /^assign: \S+ ended with 3: no such thing$/],
    ['is killed', 'kill -9 $$', /^assign: \S+ ended with SIGKILL$/],
    ['ends well, and says nothing', 'exit 0', /^assign: \S+ ended with 0$/],
    ['writes what is no JSON', 'echo done', /^assign: \S+ wrote what is no answer: "done"$/],
    ['writes what is no answer', `echo '{"ok":1}'`, /^assign: \S+ wrote what is no answer: "{\\"ok\\":1}"$/],
    ['never comes to the end of a line', 'cat /dev/zero', /^assign: \S+ wrote what is no answer: /],
    ['does not answer', ':', /^assign: \S+ did not answer within 3000 ms$/],
    ['neither answers nor reads', 'exec sleep 600', /^assign: \S+ did not answer within 3000 ms$/],
  ])('%s, the hypercall has failed, and a new process makes the next one', async (_, shell, message) => {
    await helper.goWrong('^assign', shell)
    await hypervisor.quarantine(BDF)
    await expect(hypervisor.assign(6, BDF, 'relaxed')).rejects.toMatchObject({
      name: 'HypercallError',
      call: 'assign',
      errno: 0,
      message: expect.stringMatching(message),
    })
    await hypervisor.unquarantine(BDF)
    expect(await helper.requests()).toEqual([`quarantine ${BDF}`, `assign 6 ${BDF} relaxed`, `unquarantine ${BDF}`])
    expect(await helper.processes()).toEqual([false, true])
  })

  test('dies while nothing is asked, a new one makes the next hypercall', async () => {
    await helper.goWrong('^quarantine', `echo '{"ok":true}'; exit 0`)
    await hypervisor.quarantine(BDF)
    await expect.poll(() => helper.processes()).toEqual([false])
    await hypervisor.unquarantine(BDF)
    expect(await helper.processes()).toEqual([false, true])
  })

  test('answers more often than it is asked, a new one is asked: no answer is taken for another’s', async () => {
    await helper.goWrong('^quarantine', `printf '{"ok":true}\\n{"ok":true}\\n'`)
    await helper.refuse('^assign')
    await hypervisor.quarantine(BDF)
    await expect(hypervisor.assign(6, BDF, 'relaxed')).rejects.toThrow('Operation not permitted')
    expect(await helper.processes()).toEqual([false, true])
  })
})

test('a process that does not end with its input is killed', async () => {
  await helper.goWrong('^quarantine', `echo '{"ok":true}'; exec sleep 600`)
  await hypervisor.quarantine(BDF)
  await hypervisor.close()
  expect(await helper.processes()).toEqual([false])
})

describe('a program that cannot be used is named, with what to do about it', () => {
  const remedy = expect.stringMatching(/^build native\/stubdom-plumb\.c .*--plumb-helper or STUBDOM_PLUMB$/)

  test.each<[what: string, program: () => string, mode: number, message: RegExp]>([
    ['that is not there', () => join(dir, 'nothing'), 0o755, /cannot be started \(ENOENT\)$/],
    ['that is not executable', () => helper.program, 0o644, /cannot be started \(EACCES\)$/],
    ['below what is no directory', () => join(helper.program, 'more'), 0o755, /cannot be started \(ENOTDIR\)$/],
  ])('one %s', async (_, program, mode, message) => {
    await chmod(helper.program, mode)
    const other = new HelperHypervisor(program())
    for (const attempt of [other.quarantine(BDF), other.quarantine(BDF)])
      await expect(attempt).rejects.toMatchObject({
        name: 'PlumbingError',
        outcome: 'not-done',
        message: expect.stringMatching(message),
        remedy,
      })
    await other.close()
  })

  test('one of an earlier version, which takes its requests as arguments', async () => {
    await writeFile(helper.program, '#!/bin/sh\necho "not understood: $*" >&2\nexit 2\n')
    await expect(hypervisor.quarantine(BDF)).rejects.toMatchObject({
      name: 'PlumbingError',
      message: expect.stringMatching(/ended with 2: not understood: -$/),
      remedy,
    })
  })
})

describe('a process of dom0 that has made a hypercall and does not close', () => {
  /** Prints `made` after the hypercall and `script`. In a process group of its own, as a terminal has it. */
  function dom0(script: string) {
    const url = JSON.stringify(new URL('helper-hypervisor.ts', import.meta.url).href)
    const code = `
      import { HelperHypervisor } from ${url}
      const hypervisor = new HelperHypervisor(${JSON.stringify(helper.program)})
      await hypervisor.quarantine('${BDF}')
      ${script}
      console.log('made')`
    const args = ['--import', 'tsx', '--conditions=@stubdom/source', '--input-type=module', '-e', code]
    const child = spawn(process.execPath, args, {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    return { pid: child.pid ?? 0, made: once(child.stdout, 'data'), ended: once(child, 'exit') }
  }

  test('ends when it has nothing more to do, and the helper with it', async () => {
    const { ended } = dom0('')
    expect(await ended).toEqual([0, null])
    await expect.poll(() => helper.processes()).toEqual([false])
  })

  test('takes the helper along when it is killed', async () => {
    const { pid, made, ended } = dom0('setInterval(() => {}, 1_000)')
    await made
    expect(await helper.processes()).toEqual([true])
    process.kill(pid, 'SIGKILL')
    await ended
    await expect.poll(() => helper.processes()).toEqual([false])
  })

  test('has the same helper after a Ctrl-C, to take back what was done', async () => {
    const { pid, made, ended } = dom0(`
      setInterval(() => {}, 1_000)
      process.on('SIGINT', async () => {
        await hypervisor.unquarantine('${BDF}')
        await hypervisor.close()
        process.exit(1)
      })`)
    await made
    process.kill(-pid, 'SIGINT')
    expect(await ended).toEqual([1, null])
    expect(await helper.requests()).toEqual([`quarantine ${BDF}`, `unquarantine ${BDF}`])
    expect(await helper.processes()).toEqual([false])
  })
})
