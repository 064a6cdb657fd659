import { describe, expect, test } from 'vitest'
import { jsonBytes } from '../testing/text.ts'
import { decodeRequestBody, decodeRequestNode, isRequestHead } from './request.ts'

const request = { v: 1, epoch: 'e1e1e1e1', deadlineMs: 10_000, args: {} }
const head = { v: 1, parts: 2, bytes: 2_000, sha256: 'f'.repeat(64) }

function outcome(value: unknown): string {
  const result = decodeRequestNode('request', jsonBytes(value))
  if (!result.ok) return result.error.reason
  return isRequestHead(result.value) ? 'head' : 'request'
}

describe('a request’s node', () => {
  test.each<[string, unknown, string]>([
    ['a request', request, 'request'],
    ['with cancel', { ...request, cancel: true }, 'request'],
    ['of another version', { ...request, v: 2 }, 'request'],
    ['with a field of a later version', { ...request, priority: 1 }, 'request'],
    ['with any arguments', { ...request, args: [null] }, 'request'],
    ['a head', head, 'head'],
    ['a head with cancel and a field of a later version', { ...head, cancel: true, more: 1 }, 'head'],
    ['no deadline', { ...request, deadlineMs: undefined }, 'deadlineMs: it must be a number'],
    ['a deadline of nothing', { ...request, deadlineMs: 0 }, 'deadlineMs: it must be at least 1'],
    [
      'a deadline of more than a day',
      { ...request, deadlineMs: 86_400_001 },
      'deadlineMs: it must be at most 86400000',
    ],
    ['an epoch that is none', { ...request, epoch: 'E' }, 'epoch: it must match /^[0-9a-z]{8,16}$/'],
    ['cancel that is no truth value', { ...request, cancel: 1 }, 'cancel: it must be true or false'],
    ['a head of no parts', { ...head, parts: 0 }, 'parts: it must be at least 1'],
    ['a head of too many parts', { ...head, parts: 139 }, 'parts: it must be at most 138'],
    ['a head of too many bytes', { ...head, bytes: 262_145 }, 'bytes: it must be at most 262144'],
    ['a list', [], 'it must be an object'],
    ['a text', 'parts', 'it must be an object'],
  ])('%s', (_, value, expected) => {
    expect(outcome(value)).toBe(expected)
  })

  test('loses the fields that this version does not know', () => {
    expect(decodeRequestNode('request', jsonBytes({ ...request, more: 1 }))).toEqual({ ok: true, value: request })
  })

  test('put together from parts may be larger than a value, but is no head again', () => {
    const large = { ...request, args: { text: 'x'.repeat(10_000) } }
    expect(decodeRequestBody('request', jsonBytes(large)).ok).toBe(true)
    expect(decodeRequestBody('request', jsonBytes(head)).ok).toBe(false)
  })
})
