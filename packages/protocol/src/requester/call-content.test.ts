import { describe, expect, test } from 'vitest'
import * as z from 'zod/mini'
import { encodeInParts } from '../codec/parts.ts'
import { defineCommand } from '../commands/command.ts'
import { COMMANDS } from '../commands/index.ts'
import { EncodeError } from '../errors.ts'
import { VALUE_BYTES_MAX } from '../limits.ts'
import {
  BDF,
  calledBack,
  common,
  DEADLINE,
  done,
  EPOCH,
  failed,
  GRACE,
  helloOf,
  ID,
  nothing,
  play,
  refusedWith,
  response,
  running,
  type Step,
  sent,
  spec,
  there,
  tooLate,
  verdictOf,
} from '../testing/call-play.ts'
import { bytes, sha256 } from '../testing/text.ts'
import { Call } from './call.ts'
import type { CallInput } from './io.ts'

describe('a call', () => {
  test('that ended ignores everything', () => {
    const call = new Call(spec)
    play(call, [...sent, [5, done, 'remove-request', 'end done']])
    const inputs: (CallInput | CallInput['on'])[] = [
      'start',
      'request-written',
      'response-changed',
      'cancel',
      'domain-gone',
      'tick',
      done,
      running,
      helloOf('e2e2e2e2'),
      nothing,
      there,
      { on: 'withdrawn', response: undefined },
      { on: 'parts-read', parts: [] },
      { on: 'request-refused', reason: '' },
      refusedWith(),
    ]
    const full = inputs.map(input => (typeof input === 'string' ? ({ on: input } as CallInput) : input))
    expect(full.flatMap(input => call.handle(input, DEADLINE + GRACE))).toEqual([])
  })

  test('writes the request as it is documented, and cancel into the same node', () => {
    const call = new Call(spec)
    const effects = play(call, calledBack)
    const body = { v: 1, epoch: EPOCH, deadlineMs: DEADLINE, args: { bdf: BDF } }
    expect(effects[0]).toEqual({ do: 'write-request', message: { node: JSON.stringify(body), parts: [] } })
    expect(effects[2]).toEqual({ do: 'write-cancel', node: JSON.stringify({ ...body, cancel: true }) })
  })

  test('tells the result, and whether it was found out after a restart', () => {
    const result = { bdf: BDF, qdevId: 'pci-pt-0000_03_00.0', joined: true }
    const effects = play(new Call(spec), [
      ...sent,
      [5, response({ ...common, state: 'done', result, reconciled: true }), 'remove-request', 'end done'],
    ])
    expect(verdictOf(effects)).toEqual({ outcome: 'done', result, reconciled: true })
  })

  test('joins an answer in parts', () => {
    const definition = COMMANDS['pci-list']
    const devices = Array.from({ length: 60 }, () => ({
      bdf: BDF,
      qdevId: 'pci-pt-0000_03_00.0',
      driver: 'xen-pci-passthrough',
    }))
    const call = new Call({ ...spec, definition, args: {} })
    const about = { v: 1, digest: call.digest, state: 'done' }
    const message = encodeInParts({ ...about, result: { devices } }, about, sha256)
    const effects = play(call, [
      ...sent,
      [5, 'response-changed', 'read-response'],
      [6, { on: 'response-read', bytes: bytes(message.node) }, `read-parts ${message.parts.length}`],
      [6, 'response-changed'],
      [7, { on: 'parts-read', parts: message.parts.map(bytes) }, 'remove-request', 'end done'],
    ])
    expect(message.parts.length).toBeGreaterThan(1)
    expect(verdictOf(effects)).toEqual({ outcome: 'done', result: { devices }, reconciled: false })
  })

  test('makes what the stubdomain says printable', () => {
    const effects = play(new Call(spec), [
      ...sent,
      [5, failed({ message: '\u001b[2Jgone\u202e', stage: 'a\nb' }), 'remove-request', 'end not-done device-not-found'],
    ])
    expect(verdictOf(effects)).toMatchObject({ message: '?[2Jgone?', stage: 'a?b' })
  })

  test('keeps the last word of the agent in an unknown outcome', () => {
    const effects = play(new Call(spec), [
      ...calledBack,
      [DEADLINE + 1, tooLate, 'report accepted', 'end unknown deadline'],
    ])
    expect(verdictOf(effects)).toMatchObject({
      latest: { state: 'accepted', cancel: 'too-late' },
      message: expect.stringContaining('the guest has not answered yet'),
    })
  })

  test.each<[string, Step[], boolean]>([
    ['nothing', calledBack, false],
    ['a pending response', [...sent, [5, running, 'report running']], true],
    ['a final response', [...sent, [5, done, 'remove-request', 'end done']], true],
    [
      'an entry in refused',
      [
        ...sent,
        [5, refusedWith({ command: 'pci-detach', id: ID, code: 'busy' }), 'remove-request', 'end not-done busy'],
      ],
      true,
    ],
  ])('has heard of the agent after %s: %#', (_, steps, heard) => {
    const call = new Call(spec)
    play(call, steps)
    expect(call.heard).toBe(heard)
  })

  test('never waits longer than its deadline, what parts may add to it, and the grace', () => {
    const call = new Call(spec)
    play(call, sent)
    let now = 1
    for (let parts = 1; !call.ended; parts++) {
      now = call.wakeAt
      call.handle({ on: 'tick' }, now)
      call.handle(response({ ...common, state: 'running', stage: 'answering', progress: { done: parts } }), now)
    }
    expect(now).toBeLessThanOrEqual(DEADLINE + 60_000 + GRACE)
  })
})

describe('what cannot be sent is refused when the call is made:', () => {
  const bulky = defineCommand({
    name: 'bulky',
    summary: '',
    args: z.strictObject({ text: z.string() }),
    result: z.strictObject({}),
    replay: 'once',
    touches: () => [],
  })
  const withText = (length: number) => new Call({ ...spec, definition: bulky, args: { text: 'x'.repeat(length) } })

  test('arguments that do not fit the command', () => {
    expect(() => new Call({ ...spec, args: { bdf: '3:0.0' } })).toThrow(/pci-detach: bdf: it must match/)
  })

  test('a request that is too large', () => {
    expect(() => withText(300_000)).toThrow(EncodeError)
  })

  test('while one of any size below that can still be called back: cancel fits into its node', () => {
    for (let length = 1_700; length < 2_000; length++) {
      const call = withText(length)
      call.handle({ on: 'start' }, 0)
      const [cancel] = call.handle({ on: 'cancel' }, 1)
      if (cancel?.do !== 'write-cancel') throw new Error(`no cancel, but ${cancel?.do}`)
      expect(cancel.node.length).toBeLessThanOrEqual(VALUE_BYTES_MAX)
    }
    expect(withText(1_700).requestParts).toBe(0)
    expect(withText(1_999).requestParts).toBe(2)
  })
})
