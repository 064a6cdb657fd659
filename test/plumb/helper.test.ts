import { spawnSync } from 'node:child_process'
import { daemons } from '@stubdom/test-xenstored'
import { beforeAll, describe, expect, test } from 'vitest'
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
})
