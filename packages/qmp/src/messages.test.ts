import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QmpProtocolError } from './errors.ts'
import { encodeCommand, parseMessage } from './messages.ts'

const version = '{"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}'
const timestamp = '{"seconds": 1, "microseconds": 2}'

test.each([
  ['without arguments', undefined, '{"execute":"stop","id":7}\r\n'],
  ['with empty arguments', {}, '{"execute":"stop","arguments":{},"id":7}\r\n'],
  ['with a newline in an argument', { a: '\n' }, '{"execute":"stop","arguments":{"a":"\\n"},"id":7}\r\n'],
])('a command %s is one line', (_, args, line) => expect(encodeCommand(7, 'stop', args)).toBe(line))

describe('parseMessage knows', () => {
  test.each([
    [
      'the greeting',
      `{"QMP": {"version": ${version}, "capabilities": ["oob"]}}`,
      {
        kind: 'greeting',
        greeting: { qemu: { major: 7, minor: 2, micro: 22 }, package: 'Debian', capabilities: ['oob'] },
      },
    ],
    ['a return', '{"return": {"a": 1}, "id": 5}', { kind: 'return', id: 5, value: { a: 1 } }],
    ['a return that is no object', '{"return": [], "id": 5}', { kind: 'return', id: 5, value: [] }],
    [
      'an error',
      '{"id": 5, "error": {"class": "GenericError", "desc": "no"}}',
      { kind: 'error', id: 5, class: 'GenericError', desc: 'no' },
    ],
    [
      'an error without an id',
      '{"error": {"class": "GenericError", "desc": "no"}}',
      { kind: 'error', id: undefined, class: 'GenericError', desc: 'no' },
    ],
    [
      'an event',
      `{"timestamp": ${timestamp}, "event": "RESET", "data": {"guest": false}}`,
      {
        kind: 'event',
        event: { event: 'RESET', data: { guest: false }, timestamp: { seconds: 1, microseconds: 2 } },
      },
    ],
    [
      'an event without data, with a member of the future',
      `{"timestamp": ${timestamp}, "event": "STOP", "future": 1}`,
      { kind: 'event', event: { event: 'STOP', data: {}, timestamp: { seconds: 1, microseconds: 2 } } },
    ],
  ])('%s', (_, line, message) => expect(parseMessage(line)).toEqual(message))
})

describe('parseMessage refuses', () => {
  test.each([
    ['an empty line', ''],
    ['half a message', '{"return": '],
    ['two messages', '{"return": {}}{"return": {}}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['an object of nothing known', '{"id": 5}'],
    ['an error without a class', '{"error": {"desc": "no"}, "id": 5}'],
    ['an error that is text', '{"error": "no", "id": 5}'],
    ['an event without its time', '{"event": "STOP"}'],
    ['an event whose name is a number', `{"event": 5, "timestamp": ${timestamp}}`],
    ['an event whose data is a list', `{"event": "STOP", "data": [], "timestamp": ${timestamp}}`],
    ['a greeting of nothing', '{"QMP": null}'],
    ['a greeting without capabilities', `{"QMP": {"version": ${version}}}`],
    ['a greeting without a version number', '{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": []}}'],
  ])('%s', (_, line) => expect(() => parseMessage(line)).toThrow(QmpProtocolError))

  test('and quotes only the beginning of what came', () => {
    expect(() => parseMessage('x'.repeat(1_000))).toThrow(`Not QMP (not JSON): "${'x'.repeat(100)}"`)
  })

  test('whatever the text, only QmpProtocolError comes out', () => {
    const members = fc.dictionary(fc.constantFrom('QMP', 'event', 'return', 'error', 'id', 'timestamp'), fc.jsonValue())
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      members.map(value => JSON.stringify(value)),
    )
    const meaning = fc.property(anything, line => {
      try {
        return ['greeting', 'return', 'error', 'event'].includes(parseMessage(line).kind)
      } catch (error) {
        return error instanceof QmpProtocolError
      }
    })
    expect(() => fc.assert(meaning)).not.toThrow()
  })
})

test('any command is one line that says the same', () => {
  const args = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())
  fc.assert(
    fc.property(fc.nat(), fc.string({ unit: 'grapheme' }), args, (id, execute, values) => {
      const line = encodeCommand(id, execute, values)
      expect(line.slice(0, -2)).not.toMatch(/[\r\n]/)
      expect(line.endsWith('\r\n')).toBe(true)
      expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify({ execute, arguments: values, id })))
    }),
  )
})
