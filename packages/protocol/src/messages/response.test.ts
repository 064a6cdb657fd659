import { describe, expect, test } from 'vitest'
import { AGENT_CODES, VERDICT_CODES } from '../codes.ts'
import { COMMANDS } from '../commands/index.ts'
import { jsonBytes } from '../testing/text.ts'
import { decodeOwnResponse, decodeResponseBody, decodeResponseNode, isFinal, isResponseHead } from './response.ts'

const about = { v: 1, digest: '0123456789abcdef' }
const error = { code: 'qemu-error', message: 'no', outcome: 'not-done' }
const head = { ...about, state: 'done', parts: 2, bytes: 2_000, sha256: 'f'.repeat(64) }
const result = { runState: 'paused', changed: true }
const done = { ...about, state: 'done', result }

function outcome(value: unknown): string {
  const decoded = decodeResponseNode('response', COMMANDS['dm-stop'], jsonBytes(value))
  if (!decoded.ok) return decoded.error.reason
  if (isResponseHead(decoded.value)) return 'head'
  return isFinal(decoded.value) ? 'final' : 'pending'
}

describe('each state has its own fields and no others:', () => {
  test.each<[object, string]>([
    [{ ...about, state: 'running' }, 'pending'],
    [
      { ...about, state: 'running', stage: 's', overdue: true, cancel: 'too-late', progress: { done: 1, total: 2 } },
      'pending',
    ],
    [{ ...about, state: 'accepted', stage: 's', overdue: true, cancel: 'too-late' }, 'pending'],
    [done, 'final'],
    [{ ...done, reconciled: true }, 'final'],
    [{ ...about, state: 'failed', error }, 'final'],
    [{ ...about, state: 'failed', error: { ...error, stage: 's', outcome: 'partly' } }, 'final'],
    [{ ...about, state: 'cancelled' }, 'final'],
    [head, 'head'],
    [{ ...about, state: 'running', result }, 'there is no "result"'],
    [{ ...about, state: 'accepted', progress: { done: 1 } }, 'there is no "progress"'],
    [{ ...about, state: 'cancelled', error }, 'there is no "error"'],
    [{ ...done, stage: 's' }, 'there is no "stage"'],
    [{ ...done, result: { ...result, more: 1 } }, 'result: there is no "more"'],
    [{ ...done, result: { runState: 'dancing', changed: true } }, 'result.runState: it must be "running" or "paused"'],
    [{ ...about, state: 'done' }, 'result: it must be an object'],
    [
      { ...about, state: 'failed', error: { ...error, outcome: 'unknown' } },
      'error.outcome: it must be "not-done" or "partly"',
    ],
    [
      { ...about, state: 'failed', error: { ...error, message: 'x'.repeat(513) } },
      'error.message: it must have a length of at most 512',
    ],
    [{ ...about, state: 'running', cancel: 'soon' }, 'cancel: it must be "too-late"'],
    [{ ...head, result }, 'there is no "result"'],
    [{ ...head, parts: 1_000 }, 'parts: it must be at most 138'],
    [{ ...done, v: 2 }, 'v: it must be 1'],
    [{ ...done, digest: 'x' }, 'digest: it must match /^[0-9a-f]{16}$/'],
    [{ ...about, state: 'unknown' }, 'its state is none of the protocol’s'],
  ])('%j', (value, expected) => {
    expect(outcome(value)).toBe(expected)
  })
})

test.each(Object.keys(AGENT_CODES))('%s may stand in a response', code => {
  expect(outcome({ ...about, state: 'failed', error: { ...error, code } })).toBe('final')
})

test.each(Object.keys(VERDICT_CODES).filter(code => !Object.hasOwn(AGENT_CODES, code)))(
  '%s is a verdict of dom0 and may not',
  code => {
    expect(outcome({ ...about, state: 'failed', error: { ...error, code } })).toMatch(/^error.code: it must be/)
  },
)

test('an agent reads its own answers whatever their result is', () => {
  expect(decodeOwnResponse('own', jsonBytes({ ...about, state: 'done', result: { what: 'ever' } })).ok).toBe(true)
})

test('what was put together from parts is done, and no head again', () => {
  const decode = (value: object) => decodeResponseBody('response', COMMANDS['dm-stop'], jsonBytes(value)).ok
  expect([done, head, { ...about, state: 'running' }].map(decode)).toEqual([true, false, false])
})
