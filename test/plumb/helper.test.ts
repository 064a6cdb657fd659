import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { daemons } from '@stubdom/test-xenstored'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { HelperHypervisor } from '../../packages/dom0-agent/src/plumb/helper-hypervisor.ts'
import { compilePlumbHelper } from '../../scripts/lib/compile.mjs'

// What it does with a hypervisor is seen in the Xen lab. Its compiler and headers come with what the real daemons need.
describe.runIf(daemons().length > 1)('stubdom-plumb, where there is no hypervisor,', () => {
  let program: string
  beforeAll(async () => {
    program = await compilePlumbHelper()
  })

  const run = (line: string) =>
    spawnSync(program, line.split(' ').filter(Boolean), { encoding: 'utf8', timeout: 10_000 })

  test.each([
    'test-assign 3 0000:00:06.0',
    'assign 3 0000:00:06.0 strict',
    'deassign 32751 ffff:ff:1f.7',
    'quarantine 0000:00:06.0',
    'iomem 3 0xfea00 1 allow',
    'ioport 3 65535 1 deny',
    'irq 3 254 allow',
  ])('understands "%s" and says that it cannot', line => {
    const { status, stdout } = run(line)
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, call: 'interface_open', message: expect.any(String) })
  })

  test.each([
    ['', 'what is to be done?'],
    ['destroy 3', 'destroy'],
    ['assign 3 0000:00:06.0', 'the number of arguments is wrong'],
    ['assign 3 0000:00:06.0 lax', 'lax'],
    ['test-assign 32752 0000:00:06.0', '32752'],
    ['test-assign -1 0000:00:06.0', '-1'],
    ['test-assign 3 00:06.0', '00:06.0'],
    ['test-assign 3 0000:00:20.0', '0000:00:20.0'],
    ['test-assign 3 0000:00:06.8', '0000:00:06.8'],
    ['test-assign 3 0000:00:06.0x', '0000:00:06.0x'],
    ['iomem 3 1 0 allow', '0'],
    ['iomem 3 1 1 maybe', 'maybe'],
    ['ioport 3 65535 2 allow', '2'],
    ['irq 3 255 allow', '255'],
    ['irq 3 12monkeys allow', '12monkeys'],
  ])('refuses "%s", and says what of it', (line, what) => {
    const { status, stdout, stderr } = run(line)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(`not understood: ${what};`)
  })

  test('knows the form that reads requests by its one argument alone', () => {
    expect(run('- quarantine 0000:00:06.0')).toMatchObject({ status: 2, stdout: '' })
  })

  describe('asked line by line,', () => {
    /** The answers to an input, once the program has ended by itself. */
    const answers = (input: string) => {
      const { status, stdout } = spawnSync(program, ['-'], { input, encoding: 'utf8', timeout: 10_000 })
      expect(status).toBe(0)
      expect(stdout).toMatch(/^(.+\n)*$/)
      return stdout.split('\n').slice(0, -1).map(parsed)
    }
    const parsed = (line: string) => JSON.parse(line) as unknown
    const cannot = { ok: false, call: 'interface_open', errno: expect.any(Number), message: expect.any(String) }
    const notUnderstood = (what: string) => ({
      ok: false,
      call: 'request',
      errno: 22,
      message: `not understood: ${what}`,
    })

    test('answers each request, in order, and ends with its input', () => {
      const input = ['quarantine 0000:00:06.0', 'assign 3 0000:00:06.0 lax', '', 'destroy 3', 'irq 3 254 allow']
      expect(answers(input.map(line => `${line}\n`).join(''))).toEqual([
        cannot,
        notUnderstood('lax'),
        notUnderstood('what is to be done?'),
        notUnderstood('destroy'),
        cannot,
      ])
      expect(answers('')).toEqual([])
    })

    test.each<[what: string, line: string, why: string]>([
      ['a line of 255 bytes', 'a'.repeat(255), 'a'.repeat(255)],
      ['a line of 256 bytes', 'a'.repeat(256), 'the line is too long or has no end'],
      ['a line of a megabyte', 'a'.repeat(1 << 20), 'the line is too long or has no end'],
      ['a request that goes on after it', `irq 3 254 allow${' '.repeat(256)}`, 'the line is too long or has no end'],
      ['a byte that is no text', 'irq 3 254 allow\0', 'the line is too long or has no end'],
      ['what JSON would have to escape', 'a"\\\t\x7fé', 'a??????'],
      ['a word too many', 'irq 3 254 allow allow', 'the number of arguments is wrong'],
      ['many words too many', `irq${' 1'.repeat(100)}`, 'the number of arguments is wrong'],
    ])('says no to %s, and reads the next one', (_, line, why) => {
      expect(answers(`${line}\nirq 3 254 allow\n`)).toEqual([notUnderstood(why), cannot])
    })

    test('does nothing for a request that was cut off', () => {
      expect(answers('irq 3 254 allow\nirq 3 254 allow')).toEqual([
        cannot,
        notUnderstood('the line is too long or has no end'),
      ])
    })

    test('gives each answer at once', async () => {
      const child = spawn(program, ['-'], { stdio: ['pipe', 'pipe', 'ignore'] })
      onTestFinished(() => {
        child.kill('SIGKILL')
      })
      const ended = once(child, 'exit')
      child.stdout.setEncoding('utf8')
      for (const [request, answer] of [
        ['quarantine 0000:00:06.0', cannot],
        ['destroy 3', notUnderstood('destroy')],
      ] as const) {
        child.stdin.write(`${request}\n`)
        const [line] = (await once(child.stdout, 'data')) as [string]
        expect(parsed(line)).toEqual(answer)
      }
      child.stdin.end()
      expect(await ended).toEqual([0, null])
    })

    test('is what stubdomctl makes hypercalls with', async () => {
      const hypervisor = new HelperHypervisor(program)
      onTestFinished(() => hypervisor.close())
      const ports = { kind: 'ports', first: 0xc000, count: 32 } as const
      for (const call of [
        () => hypervisor.testAssign(3, '0000:00:06.0'),
        () => hypervisor.assign(3, '0000:00:06.0', 'strict'),
        () => hypervisor.deassign(3, '0000:00:06.0'),
        () => hypervisor.quarantine('0000:00:06.0'),
        () => hypervisor.unquarantine('0000:00:06.0'),
        () => hypervisor.access(3, ports, true),
        () => hypervisor.access(3, { ...ports, kind: 'memory' }, false),
        () => hypervisor.interrupt(3, 17, true),
        () => hypervisor.interrupt(3, 17, false),
      ])
        await expect(call()).rejects.toMatchObject({ name: 'HypercallError', call: 'interface_open' })
    })
  })
})
