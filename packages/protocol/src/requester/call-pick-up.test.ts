import {
  type CallScenario,
  DEADLINE,
  done,
  EPOCH,
  nothing,
  pickedUp,
  running,
  testCalls,
  there,
} from '../testing/call-play.ts'
import { jsonBytes } from '../testing/text.ts'

const scenarios: CallScenario[] = [
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
]

testCalls(scenarios)
