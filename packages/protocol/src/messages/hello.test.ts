import { describe, expect, test } from 'vitest'
import { jsonBytes } from '../testing/text.ts'
import { decodeHello } from './hello.ts'

const hello = {
  v: [1, 1],
  epoch: 'e1e1e1e1',
  agent: '0.1.0',
  target: 5,
  commands: ['ping'],
  window: 32,
  messageBytes: 262_144,
  channels: ['file'],
  deviceModel: { version: '9.1.0', driver: 'xen-pci-passthrough' },
}

function outcome(value: object): string {
  const result = decodeHello(jsonBytes(value))
  return result.ok ? Object.keys(result.value).join() : result.error.reason
}

describe('a hello', () => {
  test.each<[string, object, string]>([
    ['of our version', hello, 'hello'],
    ['of our version with a field too many', { ...hello, more: 1 }, 'there is no "more"'],
    ['that speaks a later version too, with a field more', { ...hello, v: [1, 2], more: 1 }, 'hello'],
    [
      'that speaks a later version too, with a field less',
      { ...hello, v: [1, 2], window: undefined },
      'window: it must be a number',
    ],
    [
      'that speaks a later version too, with a channel more',
      { ...hello, v: [1, 2], channels: ['file', 'vchan'] },
      'hello',
    ],
    [
      'of our version with a channel more',
      { ...hello, channels: ['vchan'] },
      'channels.0: it must be "file" or "xenstore" or "console"',
    ],
    ['of later versions only', { ...hello, v: [2, 3] }, 'foreign'],
    [
      'of later versions only, of which nothing else is known',
      { v: [2, 2], epoch: 'e1e1e1e1', agent: '9', new: {} },
      'foreign',
    ],
    ['of a later version without what every one must say', { v: [2, 2], agent: '9' }, 'epoch: it must be a text'],
    ['whose range is upside down', { ...hello, v: [2, 1] }, 'v: the lowest version comes first'],
    ['of version 0', { ...hello, v: [0, 1] }, 'v.0: it must be at least 1'],
    ['without versions', { ...hello, v: 1 }, 'v: it must be a list'],
    ['with a domain that cannot be', { ...hello, target: 0x7ff0 }, 'target: it must be at most 32751'],
  ])('%s', (_, value, expected) => {
    expect(outcome(value)).toBe(expected)
  })

  test('that is foreign names its versions', () => {
    const result = decodeHello(jsonBytes({ ...hello, v: [2, 3] }))
    expect(result).toEqual({ ok: true, value: { foreign: { v: [2, 3], epoch: 'e1e1e1e1', agent: '0.1.0' } } })
  })
})
