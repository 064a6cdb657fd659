import { expect, test } from 'vitest'
import { parseOptions, UsageError } from './options.ts'

test('what is not said has a default', () => {
  expect(parseOptions(['--qmp', '/q'])).toEqual({
    qmp: '/q',
    xenstore: undefined,
    driver: 'xen-pci-passthrough',
    saveDir: undefined,
    saveConsole: undefined,
    restoreConsole: undefined,
    sysfs: '/sys',
    front: undefined,
    window: 32,
    logLevel: 'info',
  })
})

test('an emulated device needs no sysfs', () => {
  expect(parseOptions(['--qmp', '/q', '--driver', 'edu'])).toMatchObject({ sysfs: undefined })
  expect(parseOptions(['--qmp', '/q', '--driver', 'edu', '--sysfs', '/s'])).toMatchObject({ sysfs: '/s' })
})

test.each([
  [[], /--qmp SOCKET is missing/],
  [['--qmp', '/q', '--driver', 'edu,addr=3'], /--driver edu,addr=3/],
  [['--qmp', '/q', '--window', '0'], /--window 0.*1 to 1000/],
  [['--qmp', '/q', '--window', 'many'], /--window many/],
  [['--qmp', '/q', '--log-level', 'loud'], /--log-level loud.*trace, debug/],
  [['--qmp', '/q', '--qpm', '/q'], /--qpm/],
  [['--qmp', '/q', 'more'], /more/],
  [['--qmp', '/q', '--front', '/f'], /belong together/],
  [['--qmp', '/q', '--front', '/f', '--front-qmp', '/q'], /of its own/],
] as const)('%j is refused by name', (argv, says) => {
  expect(() => parseOptions(argv)).toThrow(UsageError)
  expect(() => parseOptions(argv)).toThrow(says)
})

test('--help and --version need nothing else', () => {
  expect(parseOptions(['--help'])).toBe('help')
  expect(parseOptions(['--version'])).toBe('version')
})
