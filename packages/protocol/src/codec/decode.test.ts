import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COMMAND_NAMES, COMMANDS } from '../commands/index.ts'
import { DecodeError } from '../errors.ts'
import { JSON_DEPTH_MAX } from '../limits.ts'
import { decodeAgentStatus } from '../messages/agent-status.ts'
import { decodeEvent } from '../messages/event.ts'
import { decodeHello } from '../messages/hello.ts'
import { decodeRefused } from '../messages/refused.ts'
import { decodeRequestBody, decodeRequestNode } from '../messages/request.ts'
import { decodeOwnResponse, decodeResponseBody, decodeResponseNode } from '../messages/response.ts'
import { bytes, jsonBytes } from '../testing/text.ts'
import { type Decoded, decodeJson } from './decode.ts'

function reason(decoded: Decoded<unknown>): string {
  return decoded.ok ? 'decoded' : decoded.error.reason
}

describe('decodeJson', () => {
  test.each([
    ['{}', 'decoded'],
    ['[1,"[[[[[[[[[[[[[[[[[[[[[[[[[[[["]', 'decoded'],
    [`${'['.repeat(JSON_DEPTH_MAX)}${']'.repeat(JSON_DEPTH_MAX)}`, 'decoded'],
    [`${'['.repeat(JSON_DEPTH_MAX + 1)}${']'.repeat(JSON_DEPTH_MAX + 1)}`, 'it is nested deeper than 16'],
    [`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`, 'it is nested deeper than 16'],
    [`["\\"${'['.repeat(20)}"]`, 'decoded'],
    [`["\\\\",${'['.repeat(16)}`, 'it is nested deeper than 16'],
    ['', 'it is not JSON: '],
    ['{', 'it is not JSON: {'],
    ['nope', 'it is not JSON: nope'],
    ['{}\n', 'byte 2 is 0xa, not printable ASCII'],
    ['"\u00e9"', 'byte 1 is 0xc3, not printable ASCII'],
    ['"\u007f"', 'byte 1 is 0x7f, not printable ASCII'],
    ['\0', 'byte 0 is 0x0, not printable ASCII'],
    [`"${'x'.repeat(62)}"`, 'decoded'],
    [`"${'x'.repeat(63)}"`, 'it holds 65 bytes, the limit is 64'],
  ])('%j: %s', (text, expected) => {
    expect(reason(decodeJson('node', bytes(text), text.startsWith('"x') ? 64 : 4_096))).toBe(expected)
  })

  test('looks at the size before anything else', () => {
    expect(reason(decodeJson('node', new Uint8Array(5_000), 1_900))).toBe('it holds 5000 bytes, the limit is 1900')
  })

  test('names the node in its error', () => {
    const result = decodeJson('response ping/0mhx3k2a-x', bytes('?'), 10)
    expect(result).toMatchObject({ ok: false, error: { message: 'response ping/0mhx3k2a-x: it is not JSON: ?' } })
  })
})

describe('what is refused in a response', () => {
  const digest = '0123456789abcdef'
  const decode = (text: string) => decodeResponseNode('response', COMMANDS['pci-list'], bytes(text))
  const device = '"bdf":"0000:03:00.0","qdevId":"d","driver":"d"'
  const done = (fields: string) =>
    `{"v":1,"state":"done","digest":"${digest}","result":{"devices":[{${device}${fields}}]}}`

  test.each([
    ['nothing', done(''), 'decoded'],
    ['an unknown key', done(',"more":1'), 'result.devices.0: there is no "more"'],
    ['__proto__', done(',"__proto__":{"vendorId":1}'), 'result.devices.0: there is no "__proto__"'],
    ['a number that is infinite', done(',"vendorId":1e999'), /vendorId/],
    ['a number with a fraction', done(',"vendorId":1.5'), 'result.devices.0.vendorId: it must be a whole number'],
    ['a number below the range', done(',"vendorId":-1'), 'result.devices.0.vendorId: it must be at least 0'],
    ['a key given twice counts once: the last', done(',"vendorId":"x","vendorId":1'), 'decoded'],
    ['the last of two keys is wrong', done(',"vendorId":1,"vendorId":"x"'), /vendorId/],
    ['a list', '[]', 'it is not an object'],
    ['null', 'null', 'it is not an object'],
    ['no state', '{}', 'its state is none of the protocol’s'],
    ['a state that objects inherit', '{"state":"toString"}', 'its state is none of the protocol’s'],
    ['a state that is no text', '{"state":["done"]}', 'its state is none of the protocol’s'],
  ])('%s', (_, text, expected) => {
    expect(reason(decode(text))).toMatch(expected)
  })
})

describe('every decoder, whatever it is given', () => {
  const decoders: Record<string, (data: Uint8Array) => Decoded<unknown>> = {
    decodeAgentStatus,
    decodeEvent,
    decodeHello,
    decodeRefused,
    decodeRequestNode: data => decodeRequestNode('request', data),
    decodeRequestBody: data => decodeRequestBody('request', data),
    decodeOwnResponse: data => decodeOwnResponse('response', data),
    ...Object.fromEntries(
      COMMAND_NAMES.flatMap(name => [
        [`response ${name}`, (data: Uint8Array) => decodeResponseNode('response', COMMANDS[name], data)],
        [`body ${name}`, (data: Uint8Array) => decodeResponseBody('response', COMMANDS[name], data)],
      ]),
    ),
  }

  /** What is not as it should be: an error of another kind, or one that is not fit for a terminal. An exception fails the test by itself. */
  function faults(data: Uint8Array): string[] {
    return Object.entries(decoders).flatMap(([name, decode]) => {
      const result = decode(data)
      if (result.ok) return []
      const { error } = result
      const fine = error instanceof DecodeError && error.message.length < 300 && !/[\p{Cc}\u202e]/u.test(error.message)
      return fine ? [] : [`${name}: ${error}`]
    })
  }

  test('arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_500 }), data => {
        expect(faults(data)).toEqual([])
      }),
    )
  })

  test('arbitrary JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), text => {
        expect(faults(bytes(text))).toEqual([])
      }),
    )
  })

  // Keys and values of the protocol in any combination come further than arbitrary ones.
  const near = fc.oneof(
    fc.constantFrom<unknown>(1, 0, -1, 2 ** 53, null, true, '', [], {}, 'done', 'running', '0mhx3k2a', 'f'.repeat(16)),
    fc.constantFrom<unknown>([1, 1], [2, 1], [1], ['ping'], [{}], { toString: 1 }, '\u202e', 'f'.repeat(64), 138),
  )
  const keys =
    'v state digest result error parts bytes sha256 epoch args deadlineMs cancel commands refused stage agent'
  const message = fc.dictionary(fc.constantFrom(...keys.split(' '), '__proto__', 'constructor'), near)

  test('JSON that nearly is a message', () => {
    fc.assert(
      fc.property(message, value => {
        expect(faults(jsonBytes(value))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})
