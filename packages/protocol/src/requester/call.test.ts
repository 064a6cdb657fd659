import { COMMANDS } from '../commands/index.ts'
import { UNREADABLE_DIGEST } from '../digest.ts'
import {
  accepted,
  type CallScenario,
  calledBack,
  cancelled,
  common,
  DEADLINE,
  done,
  EPOCH,
  failed,
  GRACE,
  head,
  helloOf,
  ID,
  nothing,
  refusedWith,
  response,
  running,
  type Step,
  sent,
  testCalls,
  tooLate,
} from '../testing/call-play.ts'
import { bytes } from '../testing/text.ts'

const answering = (parts: number) =>
  response({ ...common, state: 'running', stage: 'answering', progress: { done: parts, total: 138 } })

const scenarios: CallScenario[] = [
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
      [DEADLINE + GRACE - 1, 'tick', 'read-response'],
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
      [6, { on: 'parts-read', parts: [undefined, undefined, undefined] }, 'read-response'],
      [7, { on: 'response-read', bytes: bytes(head.node) }, 'read-parts 3'],
      [8, { on: 'parts-read', parts: [undefined, undefined, undefined] }, 'end unknown bad-response'],
    ],
  ],
  [
    'parts that somebody else was about to collect',
    [
      ...sent,
      [5, { on: 'response-read', bytes: bytes(head.node) }, 'read-parts 3'],
      [6, { on: 'parts-read', parts: [undefined, undefined, undefined] }, 'read-response'],
      [7, { on: 'response-read', bytes: undefined }],
    ],
  ],
  [
    'a hello that went while the command was taken back',
    [
      ...sent.slice(0, 1),
      [1, 'request-written'],
      [2, 'cancel', 'write-cancel', 'read-response', 'read-refused'],
      [3, { on: 'hello-read', epoch: undefined }, 'withdraw'],
      [4, { on: 'withdrawn', response: undefined }, 'end not-done no-agent'],
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
        'end unknown unanswered',
      ],
    ],
  ],
  ['the domain goes, and with it a claim that was not seen', [...sent, [5, 'domain-gone', 'end unknown domain-gone']]],
  [
    'the domain goes during a query, which changes nothing',
    [...sent, [5, 'domain-gone', 'end not-done domain-gone']],
    { definition: COMMANDS.ping, args: {} },
  ],
  ['the domain goes before anything was sent', [[0, 'domain-gone', 'end not-done domain-gone']]],
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
      [9_999, answering(16), 'report running'],
      [10_000, 'tick', 'read-response'],
      [14_000, answering(32), 'report running'],
      [18_999, 'tick', 'read-response'],
      [19_000, 'tick', 'write-cancel', 'read-refused'],
    ],
  ],
  [
    'one that says the same again does not move it',
    [
      ...sent,
      [9_999, answering(16), 'report running'],
      [10_000, 'tick', 'read-response'],
      [14_000, answering(16), 'report running'],
      [14_999, 'tick', 'write-cancel', 'read-response', 'read-refused'],
    ],
  ],
]

testCalls(scenarios)
