import { describe, expect, test } from 'vitest'
import * as z from 'zod/mini'
import { encodeInParts } from '../codec/parts.ts'
import { defineCommand } from '../commands/command.ts'
import { COMMANDS } from '../commands/index.ts'
import { UNREADABLE_DIGEST } from '../digest.ts'
import { EncodeError } from '../errors.ts'
import { VALUE_BYTES_MAX } from '../limits.ts'
import { bytes, jsonBytes, sha256 } from '../testing/text.ts'
import { Call, type CallSpec } from './call.ts'
import type { CallEffect, CallInput } from './io.ts'

const ID = '0mhx3k2a-00abcde'
const EPOCH = 'e1e1e1e1'
const BDF = '0000:03:00.0'
const DEADLINE = 10_000
const GRACE = 2_000

const spec: CallSpec = {
  id: ID,
  definition: COMMANDS['pci-detach'],
  args: { bdf: BDF },
  epoch: EPOCH,
  deadlineMs: DEADLINE,
  graceMs: GRACE,
  sha256,
}
const { digest } = new Call(spec)

const common = { v: 1, digest }
const running = response({ ...common, state: 'running' })
const accepted = response({ ...common, state: 'accepted' })
const tooLate = response({ ...common, state: 'accepted', cancel: 'too-late' })
const done = response({ ...common, state: 'done', result: { bdf: BDF, qdevId: 'pci-pt-0000_03_00.0' } })
const cancelled = response({ ...common, state: 'cancelled' })
const failed = (error: object) =>
  response({
    ...common,
    state: 'failed',
    error: { code: 'device-not-found', message: 'no', outcome: 'not-done', ...error },
  })
const nothing: CallInput = { on: 'response-read', bytes: undefined }

function response(value: unknown): CallInput {
  return { on: 'response-read', bytes: jsonBytes(value) }
}
function refusedWith(...refused: object[]): CallInput {
  return { on: 'refused-read', bytes: jsonBytes({ v: 1, refused }) }
}
function helloOf(epoch: string | undefined): CallInput {
  return { on: 'hello-read', epoch }
}

function short(effect: CallEffect): string {
  if (effect.do === 'report') return `report ${effect.response.state}`
  if (effect.do === 'read-parts') return `read-parts ${effect.count}`
  if (effect.do !== 'end') return effect.do
  const { verdict } = effect
  return 'code' in verdict ? `end ${verdict.outcome} ${verdict.code}` : `end ${verdict.outcome}`
}

/** What happens at which time, and exactly what the call wants done then. */
type Step = readonly [at: number, input: CallInput | CallInput['on'], ...effects: string[]]

function play(call: Call, steps: readonly Step[]): CallEffect[] {
  return steps.flatMap(([at, input, ...expected]) => {
    const full = typeof input === 'string' ? ({ on: input } as CallInput) : input
    const effects = call.handle(full, at)
    expect(effects.map(short), `${at}: ${JSON.stringify(input)}`).toEqual(expected)
    return effects
  })
}

function verdictOf(effects: CallEffect[]) {
  const last = effects.at(-1)
  return last?.do === 'end' ? last.verdict : undefined
}

const sent: Step[] = [
  [0, 'start', 'write-request', 'read-hello'],
  [1, 'request-written'],
  [1, helloOf(EPOCH)],
]
const calledBack: Step[] = [...sent, [DEADLINE, 'tick', 'write-cancel', 'read-response', 'read-refused']]
const pickedUp: Step[] = [[0, 'start', 'read-request', 'read-response']]
const request = jsonBytes({ v: 1, epoch: EPOCH, deadlineMs: DEADLINE, args: { bdf: BDF } })
const there: CallInput = { on: 'request-read', bytes: request }
const head = encodeInParts(
  { ...common, state: 'done', result: { text: 'x'.repeat(4_000) } },
  { ...common, state: 'done' },
  sha256,
)

const scenarios: [name: string, steps: Step[], overrides?: Partial<CallSpec>][] = [
  ['done', [...sent, [5, 'response-changed', 'read-response'], [6, done, 'remove-request', 'end done']]],
  ['done before the writing was acknowledged', [sent[0] as Step, [1, done, 'remove-request', 'end done']]],
  [
    'done, with a live view of hello',
    [
      [0, 'start', 'write-request'],
      [1, 'request-written'],
      [5, 'response-changed', 'read-response'],
      [6, done, 'remove-request', 'end done'],
    ],
    { helloIsLive: true },
  ],
  [
    'hello before the acknowledgement',
    [sent[0] as Step, [1, helloOf(EPOCH)], [2, 'request-written'], [3, done, 'remove-request', 'end done']],
  ],
  ['failed', [...sent, [5, failed({}), 'remove-request', 'end not-done device-not-found']]],
  [
    'failed half-way',
    [...sent, [5, failed({ code: 'qemu-error', outcome: 'partly' }), 'remove-request', 'end partly qemu-error']],
  ],
  [
    'the agent could not read the request',
    [
      ...sent,
      [
        5,
        response({
          v: 1,
          digest: UNREADABLE_DIGEST,
          state: 'failed',
          error: { code: 'bad-request', message: 'no', outcome: 'not-done' },
        }),
        'remove-request',
        'end not-done bad-request',
      ],
    ],
  ],
  ['an id answered before', [...sent, [5, failed({ code: 'expired' }), 'remove-request', 'end unknown expired']]],
  [
    'refused by Xenstore',
    [sent[0] as Step, [1, { on: 'request-refused', reason: 'EACCES' }, 'end not-done not-delivered']],
  ],
  [
    'refused by Xenstore after cancel was written',
    [
      sent[0] as Step,
      [1, 'cancel', 'write-cancel', 'read-response', 'read-refused'],
      [2, { on: 'request-refused', reason: 'EACCES' }, 'remove-request', 'end not-done not-delivered'],
    ],
  ],

  ['accepted, then done', [...sent, [5, accepted, 'report accepted'], [6, done, 'remove-request', 'end done']]],
  [
    'accepted until the end',
    [
      ...sent,
      [5, accepted, 'report accepted'],
      [DEADLINE, 'tick', 'write-cancel', 'read-response', 'read-refused'],
      [DEADLINE + 1, accepted, 'report accepted'],
      [DEADLINE + GRACE - 1, 'tick'],
      [DEADLINE + GRACE, 'tick', 'end unknown deadline'],
    ],
  ],
  [
    'called back too late at the deadline',
    [...calledBack, [DEADLINE + 1, tooLate, 'report accepted', 'end unknown deadline']],
  ],
  [
    'called back in time at the deadline',
    [...calledBack, [DEADLINE + 1, cancelled, 'remove-request', 'end cancelled']],
  ],
  [
    'done within the grace',
    [...calledBack, [DEADLINE + 1, nothing], [DEADLINE + 2, done, 'remove-request', 'end done']],
  ],
  ['no sign at all', [...calledBack, [DEADLINE + 1, nothing], [DEADLINE + GRACE, 'tick', 'end unknown deadline']]],
  [
    'the deadline passes while sending',
    [
      sent[0] as Step,
      [DEADLINE, 'tick', 'write-cancel', 'read-response', 'read-refused'],
      [DEADLINE + GRACE, 'tick', 'end unknown deadline'],
    ],
  ],

  ['cancel before the start', [[0, 'cancel', 'end cancelled']]],
  [
    'cancel while sending',
    [
      sent[0] as Step,
      [1, 'cancel', 'write-cancel', 'read-response', 'read-refused'],
      [2, 'request-written'],
      [2, helloOf(EPOCH)],
      [3, cancelled, 'remove-request', 'end cancelled'],
    ],
  ],
  [
    'cancel while waiting, too late: the answer is waited for during the grace',
    [
      ...sent,
      [5, 'cancel', 'write-cancel', 'read-response', 'read-refused'],
      [6, tooLate, 'report accepted'],
      [7, 'cancel'],
      [8, done, 'remove-request', 'end done'],
    ],
  ],
  [
    'cancel while waiting, no answer',
    [
      ...sent,
      [5, 'cancel', 'write-cancel', 'read-response', 'read-refused'],
      [5 + GRACE, 'tick', 'end unknown deadline'],
    ],
  ],
  [
    'cancel after the deadline changes nothing',
    [...calledBack, [DEADLINE + 1, 'cancel'], [DEADLINE + 2, cancelled, 'remove-request', 'end cancelled']],
  ],

  [
    'no agent',
    [
      sent[0] as Step,
      [1, helloOf(undefined), 'withdraw'],
      [2, { on: 'withdrawn', response: undefined }, 'end not-done no-agent'],
    ],
  ],
  [
    'another agent',
    [
      sent[0] as Step,
      [1, helloOf('e2e2e2e2'), 'withdraw'],
      [2, { on: 'withdrawn', response: undefined }, 'end not-done stale-epoch'],
    ],
  ],
  [
    'another agent; cancel and hints come too late to matter',
    [
      sent[0] as Step,
      [1, helloOf('e2e2e2e2'), 'withdraw'],
      [1, 'request-written'],
      [1, 'cancel'],
      [2, 'response-changed', 'read-response'],
      [3, nothing],
      [4, { on: 'withdrawn', response: undefined }, 'end not-done stale-epoch'],
    ],
  ],
  [
    'another agent, and the one before it had answered',
    [
      sent[0] as Step,
      [1, helloOf('e2e2e2e2'), 'withdraw'],
      [2, { on: 'withdrawn', response: (done as { bytes: Uint8Array }).bytes }, 'remove-request', 'end done'],
    ],
  ],
  [
    'another agent, and the one before it had claimed',
    [
      sent[0] as Step,
      [1, helloOf('e2e2e2e2'), 'withdraw'],
      [2, { on: 'withdrawn', response: (running as { bytes: Uint8Array }).bytes }, 'end unknown deadline'],
    ],
  ],
  [
    'another agent, and nothing comes back',
    [sent[0] as Step, [1, helloOf(undefined), 'withdraw'], [DEADLINE, 'tick', 'end unknown deadline']],
  ],
  [
    'an agent that restarts later reconciles',
    [...sent, [5, helloOf('e2e2e2e2')], [6, done, 'remove-request', 'end done']],
  ],

  [
    'picked up: expired',
    [...pickedUp, [1, { on: 'request-read', bytes: undefined }, 'end unknown expired']],
    { pickUp: true },
  ],
  [
    'picked up: another command’s',
    [
      ...pickedUp,
      [
        1,
        { on: 'request-read', bytes: jsonBytes({ v: 1, epoch: EPOCH, deadlineMs: 1, args: {} }) },
        'end unknown conflict',
      ],
    ],
    { pickUp: true },
  ],
  [
    'picked up: still under way, then done',
    [
      ...pickedUp,
      [1, there],
      [1, running, 'report running'],
      [5, 'response-changed', 'read-response'],
      [6, done, 'remove-request', 'end done'],
    ],
    { pickUp: true },
  ],
  ['picked up: done', [...pickedUp, [1, there], [1, done, 'remove-request', 'end done']], { pickUp: true }],
  [
    'picked up: still nothing at the deadline',
    [...pickedUp, [1, there], [1, nothing], [DEADLINE, 'tick', 'end unknown deadline']],
    { pickUp: true },
  ],
  [
    'picked up: nothing is written when the caller cancels',
    [...pickedUp, [1, there], [2, 'cancel', 'end unknown deadline']],
    { pickUp: true },
  ],
  [
    'picked up: a continued request tells its content by the response alone',
    [
      ...pickedUp,
      [1, { on: 'request-read', bytes: jsonBytes({ v: 1, parts: 2, bytes: 2_000, sha256: 'f'.repeat(64) }) }],
      [1, done, 'remove-request', 'end done'],
    ],
    { pickUp: true },
  ],
  [
    'picked up: the domain goes before anything is known',
    [...pickedUp, [1, 'domain-gone', 'end unknown domain-gone']],
    { pickUp: true },
  ],

  [
    'a response of another digest',
    [...sent, [5, response({ ...common, digest: 'f'.repeat(16), state: 'running' }), 'end unknown conflict']],
  ],
  [
    'a final response of another digest',
    [...sent, [5, response({ ...common, digest: 'f'.repeat(16), state: 'cancelled' }), 'end unknown conflict']],
  ],
  [
    'a response that is none',
    [...sent, [5, { on: 'response-read', bytes: bytes('{"state":') }, 'end unknown bad-response']],
  ],
  [
    'a response with a field too many',
    [...sent, [5, response({ ...common, state: 'cancelled', why: '' }), 'end unknown bad-response']],
  ],

  [
    'parts that are missing',
    [
      ...sent,
      [5, { on: 'response-read', bytes: bytes(head.node) }, 'read-parts 3'],
      [6, { on: 'parts-read', parts: [undefined, undefined, undefined] }, 'end unknown bad-response'],
    ],
  ],
  [
    'parts of a result that does not fit',
    [
      ...sent,
      [5, { on: 'response-read', bytes: bytes(head.node) }, 'read-parts 3'],
      [6, { on: 'parts-read', parts: head.parts.map(bytes) }, 'end unknown bad-response'],
    ],
  ],
  [
    'a head of another digest',
    [...sent, [5, response({ ...JSON.parse(head.node), digest: 'f'.repeat(16) }), 'end unknown conflict']],
  ],
  ['parts that nobody asked for', [...sent, [6, { on: 'parts-read', parts: [] }]]],

  [
    'refused',
    [
      ...calledBack,
      [
        DEADLINE + 1,
        refusedWith({ command: 'pci-detach', id: ID, code: 'busy' }),
        'remove-request',
        'end not-done busy',
      ],
    ],
  ],
  [
    'others are refused',
    [
      ...calledBack,
      [
        DEADLINE + 1,
        refusedWith(
          { command: 'pci-detach', id: '0mhx3k2a-0', code: 'busy' },
          { command: 'ping', id: ID, code: 'busy' },
        ),
      ],
      [DEADLINE + 2, { on: 'refused-read', bytes: undefined }],
      [DEADLINE + 3, { on: 'refused-read', bytes: bytes('garbage') }],
    ],
  ],
  [
    'refused after it was claimed: what became of it is not known',
    [
      ...calledBack,
      [DEADLINE + 1, running, 'report running'],
      [
        DEADLINE + 2,
        refusedWith({ command: 'pci-detach', id: ID, code: 'quota' }),
        'remove-request',
        'end unknown bad-response',
      ],
    ],
  ],

  ['the domain goes, unclaimed', [...sent, [5, 'domain-gone', 'end not-done domain-gone']]],
  [
    'the domain goes, claimed',
    [...sent, [5, running, 'report running'], [6, 'domain-gone', 'end unknown domain-gone']],
  ],
  [
    'the domain goes while its answer is being read',
    [...sent, [5, 'response-changed', 'read-response'], [6, 'domain-gone', 'end unknown domain-gone']],
  ],
  [
    'the domain goes while the parts of its answer are being read',
    [
      ...sent,
      [5, 'response-changed', 'read-response'],
      [6, { on: 'response-read', bytes: bytes(head.node) }, 'read-parts 3'],
      [6, 'domain-gone', 'end unknown domain-gone'],
    ],
  ],

  [
    'hints while a read is under way ask for one more, whatever their number',
    [
      ...sent,
      [5, 'response-changed', 'read-response'],
      [5, 'response-changed'],
      [5, 'response-changed'],
      [6, running, 'report running', 'read-response'],
      [7, running, 'report running'],
    ],
  ],
  [
    'it looks by itself now and then, and for a refusal while there is no sign',
    [
      ...sent,
      [1_999, 'tick'],
      [2_000, 'tick', 'read-response', 'read-refused'],
      [2_001, running, 'report running'],
      [3_999, 'tick'],
      [4_000, 'tick', 'read-response'],
    ],
  ],
  [
    'an answer that is being written in parts moves the deadline while it progresses',
    [
      ...sent,
      [9_999, response({ ...common, state: 'running', stage: 'answering' }), 'report running'],
      [10_000, 'tick', 'read-response'],
      [14_000, response({ ...common, state: 'running', stage: 'answering' }), 'report running'],
      [18_999, 'tick', 'read-response'],
      [19_000, 'tick', 'write-cancel', 'read-refused'],
    ],
  ],
]

describe('a call', () => {
  test.each(scenarios)('%s', (_, steps, overrides = {}) => {
    const call = new Call({ ...spec, ...overrides })
    play(call, steps)
    const ends = steps.at(-1)?.at(-1)
    expect(call.ended).toBe(typeof ends === 'string' && ends.startsWith('end '))
    if (call.ended) expect(call.wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

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
    play(
      call,
      inputs.map(input => [DEADLINE + GRACE, input]),
    )
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
    while (!call.ended) {
      now = call.wakeAt
      call.handle({ on: 'tick' }, now)
      call.handle(response({ ...common, state: 'running', stage: 'answering' }), now)
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
