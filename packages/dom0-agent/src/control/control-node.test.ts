import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readNode } from './control-node.ts'

const NOW = Date.UTC(2026, 0, 1)
const ID = '0mhx3ab0-00x7k2q'

const PATHS = [
  'dom0/made',
  `dom0/request/ping/${ID}`,
  'stubdom/hello',
  'stubdom/status',
  'stubdom/refused',
  `stubdom/response/pci-list/${ID}`,
  `stubdom/response/no-such-command/${ID}`,
  'stubdom/event/7',
  'stubdom/no-such-node',
]

function read(path: string, text: string): string[] {
  const node = readNode(path, Buffer.from(text), NOW)
  return node ? [node.state, node.text] : []
}

test.each([
  ['dom0/made', '{"v":1,"at":0}', ['made', '1970-01-01T00:00:00.000Z']],
  ['dom0/made', '{"v":1,"at":8640000000000000}', ['made', '+275760-09-13T00:00:00.000Z']],
  ['stubdom/event/7', '{"v":1,"seq":7,"event":"STOP"}', ['event', '7: STOP']],
  ['stubdom/refused', '', []],
])('%s holding %s', (path, text, expected) => {
  expect(read(path, text)).toEqual(expected)
})

test('a time that no calendar has is no time', () => {
  const [state, text] = read('dom0/made', '{"v":1,"at":8640000000000001}')
  expect(state).toBe('undecodable')
  expect(text).toMatch(/^at: it must be at most 8640000000000000/)
})

describe('a node is described in printable words, whatever stands in it:', () => {
  const number = fc.oneof(fc.nat(), fc.constantFrom(2 ** 53 - 1, 8.64e15 + 1, -1, 0.5))
  const field = fc.oneof(
    number,
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constantFrom('done', 'failed', 'STOP', 'ready'),
  )
  const keys = fc.constantFrom(
    ...'v at seq event epoch agent stage error state digest refused args deadlineMs'.split(' '),
  )
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 2_200 }),
    fc.record({ v: fc.constant(1), at: number }).map(value => Buffer.from(JSON.stringify(value))),
    fc.dictionary(keys, field).map(value => Buffer.from(JSON.stringify({ v: 1, ...value }))),
  )

  test.each(PATHS)('%s', path => {
    fc.assert(
      fc.property(content, bytes => {
        const node = readNode(path, bytes, NOW)
        if (!node) return
        expect(node.text.length).toBeLessThanOrEqual(200)
        expect(node.state + node.text + node.path).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      }),
    )
  })
})
