import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { compile, compileStubdomInit } from '../../scripts/lib/compile.mjs'
import { startPty } from '../support/pty.ts'

let init: string
let directory: string
beforeAll(async () => {
  init = await compileStubdomInit()
})
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'init-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
})

/** Starts a program that lasts no longer than the test. */
function start(program: string, args: readonly string[], env = process.env) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], { env })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const finished = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }))
  return { child, finished, saying: (text: string) => sees(child, () => stdout.includes(text)) }
}

async function sees(child: ReturnType<typeof spawn>, condition: () => boolean): Promise<void> {
  while (!condition()) await once(child.stdout as NodeJS.ReadableStream, 'data')
}

/** As process 1 of a world of its own: what it kills and powers off is that one. */
const asProcess1 = (...args: string[]) => start('unshare', [...NAMESPACE, init, ...args])
const NAMESPACE = [
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
]

describe('the program that it starts', () => {
  test('its exit code is passed on, and told', async () => {
    const { finished } = start(init, ['--', 'sh', '-c', 'exit 7'])
    expect(await finished).toMatchObject({ code: 7, stderr: expect.stringContaining('sh ended with exit code 7') })
  })

  test('its death by a signal is passed on as a shell does', async () => {
    const { finished } = start(init, ['--', 'sh', '-c', 'kill -SEGV $$'])
    expect(await finished).toMatchObject({ code: 139, stderr: expect.stringContaining('sh ended with signal 11') })
  })

  test('one that is not there is told', async () => {
    const { finished } = start(init, ['--', '/nonexistent/agent'])
    expect(await finished).toMatchObject({ code: 127, stderr: expect.stringMatching(/agent: No such file/) })
  })

  test.each([[[]], [['--']], [['--raw', '/dev/null']], [['program']]])('%j is refused', async args => {
    expect(await start(init, args).finished).toMatchObject({ code: 125, stderr: expect.stringContaining('usage:') })
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const)('%s asks it to stop', async signal => {
    const script = 'trap "echo stopping; exit 4" TERM; echo ready; while :; do sleep 0.05; done'
    const { child, finished, saying } = start(init, ['--', 'sh', '-c', script])
    await saying('ready')
    child.kill(signal)
    expect(await finished).toMatchObject({ code: 4, stdout: expect.stringContaining('stopping') })
  })

  test('one that does not stop is killed', async () => {
    const impatient = await compile('packages/stubdom-agent/init/stubdom-init.c', ['-DSTOP_SECONDS=1'])
    const { child, finished, saying } = start(impatient, [
      '--',
      'sh',
      '-c',
      'trap "" TERM; echo ready; while :; do sleep 0.2; done',
    ])
    await saying('ready')
    child.kill('SIGTERM')
    expect(await finished).toMatchObject({ code: 137, stderr: expect.stringContaining('killing it') })
  })

  test('it can be signalled: nothing is blocked in it', async () => {
    const { finished } = start(init, ['--', 'grep', 'SigBlk', '/proc/self/status'])
    expect((await finished).stdout).toMatch(/SigBlk:\s+0+\n/)
  })

  test('it runs with ordinary priority', async () => {
    const { finished } = start(init, ['--raw', '/nonexistent', '--', 'chrt', '-p', '0'])
    expect((await finished).stdout).toContain('SCHED_OTHER')
  })
})

describe('as process 1', () => {
  test('reaps orphans', async () => {
    // A grandchild whose parent is gone becomes the init's child; a zombie is one that it does not reap.
    const script =
      '(true & exec sleep 0) ; (sleep 0.01 & sleep 0.01 & exit) ; sleep 0.3; grep -l "^State:.Z" /proc/[0-9]*/status | wc -l'
    expect((await asProcess1('--', 'sh', '-c', script).finished).stdout.trim()).toBe('0')
  })

  test('ends what the program left, and powers off', async () => {
    const script = '(trap "" TERM; exec sleep 60) & echo started; exit 3'
    const { finished } = asProcess1('--', 'sh', '-c', script)
    // In a namespace of processes, powering off is SIGINT to its process 1 (Linux, kernel/pid_namespace.c).
    expect(await finished).toMatchObject({ code: null, signal: 'SIGINT', stdout: 'started\n' })
  })
})

describe('consoles', () => {
  const every = Buffer.from(Array.from({ length: 40_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff))

  test('what dom0 sends arrives byte by byte, however much it is', async () => {
    const console = await startPty(join(directory, 'hvc2'))
    const file = join(directory, 'received')
    console.send(every)
    const { finished } = start(init, [
      '--raw',
      console.path,
      '--',
      'sh',
      '-c',
      `head -c ${every.length} <${console.path} >${file}`,
    ])
    expect(await finished).toMatchObject({ code: 0 })
    expect((await readFile(file)).equals(every)).toBe(true)
    expect(console.received(), 'nothing is echoed').toHaveLength(0)
  })

  test('what is sent to dom0 arrives byte by byte', async () => {
    const console = await startPty(join(directory, 'hvc1'))
    const file = join(directory, 'state')
    await writeFile(file, every)
    const { finished } = start(init, [
      '--raw',
      console.path,
      '--',
      'sh',
      '-c',
      `cat ${file} >${console.path}; cat ${file} >${console.path}`,
    ])
    expect(await finished).toMatchObject({ code: 0 })
    await expect.poll(() => console.received().length).toBe(2 * every.length)
    expect(console.received().equals(Buffer.concat([every, every]))).toBe(true)
  })

  test('one that is not there is told, the rest goes on', async () => {
    const missing = join(directory, 'hvc9')
    const { finished } = start(init, ['--raw', missing, '--', 'true'])
    expect(await finished).toMatchObject({ code: 0, stderr: expect.stringContaining(`${missing}: No such file`) })
  })

  // The kernel's thread that carries bytes to the terminal is played by a process that waits for the opening on the same, single processor, and the
  // window between opening and raw is held open for 50 ms of computing: only its real-time priority keeps init from losing the race.
  test.runIf(process.getuid?.() === 0)('nothing is delivered between opening and raw, on one processor', async () => {
    const slow = await compile('test/boot/slow-open.c', ['-O0', '-shared', '-fPIC'])
    const dynamic = await compile('packages/stubdom-agent/init/stubdom-init.c', ['-Os'])
    const pty = await compile('test/support/pty.c', ['-O1'])
    const [terminal, sent, file] = ['hvc2', 'sent', 'received'].map(name => join(directory, name)) as [
      string,
      string,
      string,
    ]
    await writeFile(sent, every)
    const feeder = start('taskset', ['-c', '0', 'sh', '-c', `exec ${pty} ${terminal} eager <${sent}`])
    await expect.poll(() => existsSync(terminal)).toBe(true)
    const receive = `head -c ${every.length} <${terminal} >${file}`
    const env = { ...process.env, LD_PRELOAD: slow, SLOW_OPEN: terminal }
    const { finished } = start(
      'taskset',
      ['-c', '0', dynamic, '--raw', terminal, '--', 'timeout', '5', 'sh', '-c', receive],
      env,
    )
    expect(await finished).toMatchObject({ code: 0 })
    expect((await readFile(file)).equals(every)).toBe(true)
    feeder.child.kill('SIGKILL')
  })
})
