import { expect, test } from 'vitest'
import { UsageError } from '../options.ts'
import { parseBootOptions } from './options.ts'

test('what is not said has a default', () => {
  expect(parseBootOptions([])).toMatchObject({
    agent: {
      qmp: '/run/stubdom-agent/agent.qmp',
      front: { path: '/run/stubdom-agent/toolstack.qmp', upstream: '/run/stubdom-agent/front.qmp' },
      saveConsole: '/dev/hvc1',
      restoreConsole: '/dev/hvc2',
      window: 32,
    },
    qemu: '/usr/libexec/xen-qemu-system-i386',
    qemuArguments: [],
    onQemuExit: 'stay',
    vchanProxy: '/usr/bin/stubdom-vchan',
  })
})

test('its own options and the agent’s may be mixed; what follows -- is QEMU’s', () => {
  const own = ['--qemu', '/q', '--vchan-proxy=off', '--on-qemu-exit', 'exit']
  const agents = ['--window', '3', '--driver=edu', '--save-console', '/c']
  expect(parseBootOptions([...own, ...agents, '--', '-L', '--qemu'])).toMatchObject({
    agent: { window: 3, driver: 'edu', saveConsole: '/c', front: undefined },
    qemu: '/q',
    qemuArguments: ['-L', '--qemu'],
    onQemuExit: 'exit',
    vchanProxy: undefined,
  })
})

test.each([
  [['--on-qemu-exit', 'panic'], /--on-qemu-exit panic.*exit, restart, stay/],
  [['--qmp', '/q'], /--qmp/],
  [['--qmp=/q'], /--qmp/],
  [['--front', '/q'], /--front: boot/],
  [['--run-dir'], /--run-dir: a value is missing/],
  [['--qemu='], /--qemu: a value is missing/],
  [['--window', '0'], /--window 0/],
  [['--qemo', '/q'], /--qemo/],
  [['more'], /more/],
] as const)('%j is refused by name', (argv, says) => {
  expect(() => parseBootOptions(argv)).toThrow(UsageError)
  expect(() => parseBootOptions(argv)).toThrow(says)
})

test('--help and --version need nothing else', () => {
  expect(parseBootOptions(['--help'])).toBe('help')
  expect(parseBootOptions(['--version'])).toBe('version')
})
