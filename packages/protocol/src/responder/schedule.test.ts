import { expect, test } from 'vitest'
import { COMMANDS } from '../commands/index.ts'
import type { AcceptedRequest, Entry } from './entry.ts'
import { startable } from './schedule.ts'

const run = { kind: 'run' } as const
const reconcile = { kind: 'reconcile', stage: undefined, accepted: false } as const

type Sketch = readonly [
  state: 'queued' | 'claiming' | 'running' | 'accepted' | 'overdue' | 'left' | 'in parts',
  touches: string,
  mode?: 'reconcile',
]

function entryOf([state, touches, mode]: Sketch, index: number): Entry {
  const key = { command: 'pci-attach', id: String(index) }
  const head = { v: 1, parts: 2, bytes: 2_000, sha256: '' } as const
  if (state === 'in parts') return { ...key, state: 'reading', again: false, head }
  if (state === 'left') return { ...key, state: 'reading', again: false, left: { v: 1, digest: '', state: 'running' } }
  const request: AcceptedRequest = {
    definition: COMMANDS['pci-attach'],
    args: {},
    digest: '',
    deadlineAt: 0,
    touches: touches === '' ? [] : touches.split(' '),
    mode: mode ? reconcile : run,
  }
  if (state === 'queued') return { ...key, state, request }
  if (state === 'claiming') return { ...key, state, request, hinted: false }
  return {
    ...key,
    state: 'executing',
    request,
    phase: state === 'accepted' ? 'accepted' : 'running',
    published: true,
    committed: false,
    overdue: state === 'overdue',
    cancel: 'no',
    reread: 'no',
    abandoned: false,
  }
}

test.each<[string, Sketch[], number[]]>([
  ['nothing', [], []],
  ['one', [['queued', 'a']], [0]],
  [
    'one after another whose parts are being read, and a query',
    [
      ['in parts', ''],
      ['queued', 'a'],
      ['queued', ''],
    ],
    [2],
  ],
  [
    'two on different things',
    [
      ['queued', 'a'],
      ['queued', 'b'],
    ],
    [0, 1],
  ],
  [
    'two on one thing',
    [
      ['queued', 'a'],
      ['queued', 'a'],
    ],
    [0],
  ],
  [
    'while the thing is claimed',
    [
      ['claiming', 'a'],
      ['queued', 'a'],
      ['queued', 'b'],
    ],
    [2],
  ],
  [
    'while the thing is worked on',
    [
      ['running', 'a'],
      ['queued', 'a'],
    ],
    [],
  ],
  [
    'while the thing is worked on by one that was read later',
    [
      ['queued', 'a'],
      ['running', 'a'],
    ],
    [],
  ],
  [
    'while the thing is overdue',
    [
      ['overdue', 'a'],
      ['queued', 'a'],
    ],
    [],
  ],
  [
    'while the thing waits for the guest',
    [
      ['accepted', 'a'],
      ['queued', 'a'],
    ],
    [1],
  ],
  [
    'several things: one of them is taken',
    [
      ['running', 'a'],
      ['queued', 'b a'],
      ['queued', 'b'],
    ],
    [],
  ],
  [
    'queries beside anything',
    [
      ['running', '*'],
      ['queued', ''],
      ['queued', ''],
    ],
    [1, 2],
  ],
  ['everything, alone', [['queued', '*']], [0]],
  [
    'everything beside a query',
    [
      ['running', ''],
      ['queued', '*'],
    ],
    [1],
  ],
  [
    'everything after something',
    [
      ['running', 'a'],
      ['queued', '*'],
      ['queued', 'b'],
    ],
    [],
  ],
  [
    'something after everything',
    [
      ['queued', '*'],
      ['queued', 'a'],
    ],
    [0],
  ],
  [
    'while something left is looked at',
    [
      ['left', ''],
      ['queued', 'a'],
      ['queued', ''],
    ],
    [],
  ],
  [
    'what is left comes first',
    [
      ['queued', 'a'],
      ['queued', 'b', 'reconcile'],
      ['queued', ''],
    ],
    [1],
  ],
  [
    'two left on one thing',
    [
      ['queued', 'a', 'reconcile'],
      ['queued', 'a', 'reconcile'],
    ],
    [0],
  ],
  [
    'while what is left is cleared up',
    [
      ['running', 'a', 'reconcile'],
      ['queued', 'b'],
    ],
    [],
  ],
  [
    'while what is left waits for the guest',
    [
      ['accepted', 'a', 'reconcile'],
      ['queued', 'b'],
    ],
    [1],
  ],
  [
    'what is left is overdue',
    [
      ['overdue', 'a', 'reconcile'],
      ['queued', 'b'],
      ['queued', 'a'],
    ],
    [1],
  ],
])('who may start: %s', (_, sketches, expected) => {
  const ready = startable(sketches.map(entryOf))
  expect(ready.map(({ id }) => Number(id))).toEqual(expected)
})
