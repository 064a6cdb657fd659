import { encodeInParts } from '../codec/parts.ts'
import {
  A,
  about,
  answered,
  attach,
  B,
  begin,
  cancel,
  claimed,
  claiming,
  DEADLINE,
  EPOCH,
  executed,
  executing,
  hint,
  key,
  listed,
  ping,
  pinged,
  read,
  save,
  testScenarios,
  tick,
} from '../testing/responder-play.ts'
import { bytes, jsonBytes, sha256 } from '../testing/text.ts'

testScenarios({
  'a command': [
    [
      'a query: read, executed, answered, removed when it was collected',
      [...pinged, [4, hint(ping(1))], [53, tick], [54, tick, 'list ping'], [55, listed('ping'), 'remove $p1']],
    ],
    [
      'with an effect: claimed first',
      [...answered, [5, hint(attach(1))], [55, tick, 'list pci-attach'], [56, listed('pci-attach'), 'remove $a1']],
    ],
    [
      'shows its stages',
      [
        ...executing,
        [3, { on: 'stage', ...key(attach(1)), stage: 'plugging' }, 'pending $a1 running plugging'],
        [4, about('accepted', attach(1)), 'pending $a1 accepted plugging'],
        [5, executed(attach(1)), 'answer $a1 done'],
      ],
    ],
    [
      'a query shows none',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [1, read(ping(1), {}), 'execute $p1'],
        [2, { on: 'stage', ...key(ping(1)), stage: 'asking' }],
        [3, executed(ping(1)), 'answer $p1 done'],
      ],
    ],
    [
      'continued in parts',
      (() => {
        const { node, parts } = encodeInParts(
          { v: 1, epoch: EPOCH, deadlineMs: DEADLINE, args: {}, filler: 'x'.repeat(4_000) },
          { v: 1 },
          sha256,
        )
        return [
          begin,
          [0, hint(ping(1)), 'read $p1'],
          [1, { on: 'request-read', ...key(ping(1)), bytes: bytes(node) }, 'read-parts $p1 3'],
          [2, { on: 'request-parts-read', ...key(ping(1)), parts: parts.map(bytes) }, 'execute $p1'],
        ]
      })(),
    ],
    [
      'continued in parts that are damaged; it was removed meanwhile',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [
          1,
          {
            on: 'request-read',
            ...key(ping(1)),
            bytes: jsonBytes({ v: 1, parts: 1, bytes: 5, sha256: 'f'.repeat(64) }),
          },
          'read-parts $p1 1',
        ],
        [2, hint(ping(1))],
        [
          3,
          { on: 'request-parts-read', ...key(ping(1)), parts: [undefined] },
          'answer $p1 failed not-done bad-request',
        ],
        [4, about('answer-written', ping(1))],
        [53, tick, 'list ping'],
        [54, listed('ping'), 'remove $p1'],
      ],
    ],
    [
      'changed while it was read is taken, and looked at again',
      [begin, [0, hint(ping(1)), 'read $p1'], [0, hint(ping(1))], [1, read(ping(1), {}), 'read $p1', 'execute $p1']],
    ],
    [
      'hinted twice keeps its place before one that is read after it',
      [
        begin,
        [0, hint(attach(1)), 'read $a1'],
        [0, hint(attach(2)), 'read $a2'],
        [0, hint(attach(1))],
        [1, read(attach(1), { bdf: A }), 'read $a1', 'claim $a1'],
        [2, read(attach(2), { bdf: A })],
      ],
    ],
    [
      'gone while it was read, and hinted again, is looked for again',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [0, hint(ping(1))],
        [1, { on: 'request-read', ...key(ping(1)), bytes: undefined }, 'read $p1'],
        [2, read(ping(1), {}), 'execute $p1'],
      ],
    ],
  ],

  cancel: [
    [
      'before it was read',
      [begin, [0, hint(attach(1)), 'read $a1'], [1, read(attach(1), { bdf: A }, cancel), 'answer $a1 cancelled']],
    ],
    [
      'in the queue',
      [
        ...claiming,
        [2, hint(attach(2)), 'read $a2'],
        [3, read(attach(2), { bdf: A })],
        [4, hint(attach(2)), 'read $a2'],
        [5, read(attach(2), { bdf: A }, cancel), 'answer $a2 cancelled'],
      ],
    ],
    ['seen by the claim', [...claiming, [2, claimed(attach(1), { bdf: A }, cancel), 'answer $a1 cancelled']]],
    [
      'hinted during the claim',
      [
        ...claiming,
        [2, hint(attach(1))],
        [3, claimed(attach(1), { bdf: A }), 'execute $a1', 'read $a1'],
        [4, read(attach(1), { bdf: A }, cancel), 'abort $a1'],
        [5, executed(attach(1), { kind: 'cancelled' }), 'answer $a1 cancelled'],
      ],
    ],
    [
      'changed while it was looked at is looked at again',
      [
        ...executing,
        [3, hint(attach(1)), 'read $a1'],
        [3, hint(attach(1))],
        [4, read(attach(1), { bdf: A }), 'read $a1'],
        [5, read(attach(1), { bdf: A }, cancel), 'abort $a1'],
      ],
    ],
    [
      'of a query',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [1, read(ping(1), {}), 'execute $p1'],
        [2, hint(ping(1)), 'read $p1'],
        [3, read(ping(1), {}, cancel), 'abort $p1'],
        [4, executed(ping(1), { kind: 'cancelled' }), 'answer $p1 cancelled'],
      ],
    ],
  ],

  deadlines: [
    [
      'in the queue',
      [
        ...executing,
        [3, hint(attach(2)), 'read $a2'],
        [4, read(attach(2), { bdf: A })],
        [10_003, tick, 'pending $a1 running overdue'],
        [10_004, tick, 'answer $a2 failed not-done deadline'],
      ],
    ],
    [
      'while it is carried out: overdue once, then the truth',
      [
        ...executing,
        [10_000, tick],
        [10_001, tick, 'pending $a1 running overdue'],
        [10_002, tick],
        [60_000, executed(attach(1)), 'answer $a1 done'],
      ],
    ],
    [
      'of a query: overdue, and its node is removed when nobody waits any more',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [1, read(ping(1), {}), 'execute $p1'],
        [10_001, tick, 'pending $p1 running overdue'],
        [10_002, hint(ping(1)), 'read $p1'],
        [10_003, read(ping(1), undefined)],
        [10_004, executed(ping(1)), 'remove $p1'],
      ],
    ],
  ],

  order: [
    [
      'commands on one device run one after the other, others beside them',
      [
        ...executing,
        [3, hint(attach(2)), 'read $a2'],
        [3, hint(attach(3)), 'read $a3'],
        [3, hint(attach(4)), 'read $a4'],
        [4, read(attach(2), { bdf: A })],
        [5, read(attach(3), { bdf: B }), 'claim $a3'],
        [6, read(attach(4), { bdf: A })],
        [7, executed(attach(1)), 'answer $a1 done', 'claim $a2'],
        [8, claimed(attach(2), { bdf: A }), 'execute $a2'],
        [9, about('accepted', attach(2)), 'pending $a2 accepted', 'claim $a4'],
      ],
    ],
    [
      'a command that must be alone waits for all and holds all up, queries aside',
      [
        ...executing,
        [3, hint(save), 'read $s'],
        [3, hint(attach(2)), 'read $a2'],
        [3, hint(ping(1)), 'read $p1'],
        [4, read(save, { channels: ['file'], resume: true })],
        [5, read(attach(2), { bdf: B })],
        [6, read(ping(1), {}), 'execute $p1'],
        [7, executed(attach(1)), 'answer $a1 done', 'claim $s'],
        [8, claimed(save, {}), 'execute $s'],
        [9, executed(save), 'answer $s done', 'claim $a2'],
      ],
    ],
  ],
})
