import {
  A,
  about,
  answered,
  answering,
  attach,
  B,
  begin,
  cancel,
  claimed,
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

const large = { kind: 'done', result: { text: 'x'.repeat(5_000) } } as const
const tooLarge = { kind: 'done', result: { text: 'x'.repeat(300_000) } } as const

testScenarios({
  'an answer in many parts': [
    [
      'says how far it is, so that dom0 gives it time',
      [
        ...executing,
        [3, executed(attach(1), large), 'answer $a1 done in 3'],
        [4, { on: 'answer-progress', ...key(attach(1)), parts: 2 }, 'pending $a1 running answering'],
        [5, about('answer-written', attach(1))],
        [6, { on: 'answer-progress', ...key(attach(1)), parts: 3 }],
      ],
    ],
  ],

  'an id that comes again': [
    [
      'gets the answer it had',
      [
        ...answered,
        [5, hint(attach(1))],
        [55, tick, 'list pci-attach'],
        [56, listed('pci-attach'), 'remove $a1'],
        [57, hint(attach(1)), 'read $a1'],
        [58, read(attach(1), { bdf: A }, cancel), 'answer $a1 done'],
      ],
    ],
    [
      'is told that a state was collected, which is not there any more',
      [
        begin,
        [0, hint(save), 'read $s'],
        [1, read(save, { channels: ['file'], resume: false }), 'claim $s'],
        [2, claimed(save, { channels: ['file'], resume: false }), 'execute $s'],
        [3, executed(save), 'answer $s done'],
        [4, about('answer-written', save)],
        [5, hint(save)],
        [55, tick, 'list save-state'],
        [56, listed('save-state'), 'remove $s'],
        [57, hint(save), 'read $s'],
        [58, read(save, { channels: ['file'], resume: false }, cancel), 'answer $s failed not-done expired'],
      ],
    ],
    [
      'is told again that no state was saved',
      [
        begin,
        [0, hint(save), 'read $s'],
        [1, read(save, { channels: ['file'], resume: false }), 'claim $s'],
        [2, claimed(save, { channels: ['file'], resume: false }, cancel), 'answer $s cancelled'],
        [3, about('answer-written', save)],
        [4, hint(save)],
        [54, tick, 'list save-state'],
        [55, listed('save-state'), 'remove $s'],
        [56, hint(save), 'read $s'],
        [57, read(save, { channels: ['file'], resume: false }, cancel), 'answer $s cancelled'],
      ],
    ],
    [
      'for something else is told so',
      [
        ...answered,
        [5, hint(attach(1))],
        [55, tick, 'list pci-attach'],
        [56, listed('pci-attach'), 'remove $a1'],
        [57, hint(attach(1)), 'read $a1'],
        [58, read(attach(1), { bdf: B }), 'answer $a1 failed not-done expired'],
      ],
    ],
    [
      'as a query is carried out again',
      [
        ...pinged,
        [4, hint(ping(1))],
        [54, tick, 'list ping'],
        [55, listed('ping'), 'remove $p1'],
        [56, hint(ping(1)), 'read $p1'],
        [57, read(ping(1), {}), 'execute $p1'],
      ],
    ],
  ],

  'a request that goes': [
    [
      'while it waits',
      [
        ...executing,
        [3, hint(attach(2)), 'read $a2'],
        [4, read(attach(2), { bdf: A })],
        [5, hint(attach(2)), 'read $a2'],
        [6, read(attach(2), undefined)],
      ],
    ],
    [
      'while it is carried out',
      [
        ...executing,
        [3, hint(attach(1)), 'read $a1'],
        [4, read(attach(1), undefined)],
        [5, about('accepted', attach(1)), 'abort $a1'],
        [6, executed(attach(1)), 'remove $a1'],
      ],
    ],
    [
      'while the guest is waited for: nobody waits any more, and the id is not carried out again',
      [
        ...executing,
        [3, about('accepted', attach(1)), 'pending $a1 accepted'],
        [4, hint(attach(1)), 'read $a1'],
        [5, read(attach(1), undefined), 'abort $a1'],
        [6, executed(attach(1), { kind: 'cancelled' }), 'remove $a1'],
        [7, hint(attach(1)), 'read $a1'],
        [8, read(attach(1), { bdf: A }), 'answer $a1 failed not-done expired'],
      ],
    ],
    [
      'while it is carried out, and comes back',
      [
        ...executing,
        [3, hint(attach(1)), 'read $a1'],
        [4, read(attach(1), undefined)],
        [5, hint(attach(1)), 'read $a1'],
        [6, read(attach(1), { bdf: A }, cancel), 'abort $a1'],
        [7, executed(attach(1)), 'answer $a1 done'],
      ],
    ],
    [
      'while it is carried out, which is only noticed when that has ended',
      [
        ...executing,
        [3, hint(attach(1)), 'read $a1'],
        [4, executed(attach(1)), 'answer $a1 done'],
        [5, read(attach(1), undefined)],
        [6, about('answer-written', attach(1))],
        [54, tick, 'list pci-attach'],
        [55, listed('pci-attach'), 'remove $a1'],
      ],
    ],
    [
      'while its answer is written',
      [
        ...answering,
        [4, hint(attach(1))],
        [54, tick, 'list pci-attach'],
        [55, listed('pci-attach')],
        [56, about('answer-written', attach(1))],
        [105, tick, 'list pci-attach'],
        [106, listed('pci-attach'), 'remove $a1'],
      ],
    ],
  ],

  'a listing': [
    ['finds what no watch told of', [begin, [1, listed('ping', ping(1)), 'read $p1'], [1, listed('ping', ping(1))]]],
    [
      'made before a request came does not lose it',
      [
        ...executing,
        [3, hint(attach(2)), 'read $a2'],
        [4, read(attach(2), { bdf: A })],
        [5, listed('pci-attach'), 'read $a1', 'read $a2'],
        [6, read(attach(1), { bdf: A })],
        [6, read(attach(2), { bdf: A })],
        [7, executed(attach(1)), 'answer $a1 done', 'claim $a2'],
      ],
    ],
    [
      'that was not made for an answer does not remove it',
      [
        ...answered,
        [5, listed('pci-attach')],
        [55, tick, 'list pci-attach'],
        [56, listed('pci-attach', attach(1))],
        [57, tick],
      ],
    ],
    [
      'that finds the request there leaves the answer',
      [
        ...answered,
        [5, hint(attach(1))],
        [55, tick, 'list pci-attach'],
        [56, listed('pci-attach', attach(1))],
        [200, tick],
      ],
    ],
  ],

  'an answer': [
    [
      'in parts',
      [
        ...executing,
        [3, executed(attach(1), large), 'answer $a1 done in 3'],
        [4, about('answer-written', attach(1))],
        [5, hint(attach(1))],
        [55, tick, 'list pci-attach'],
        [56, listed('pci-attach'), 'remove $a1 parts'],
      ],
    ],
    [
      'that is too large, of a command with an effect',
      [...executing, [3, executed(attach(1), tooLarge), 'answer $a1 failed partly too-large']],
    ],
    [
      'that is too large, of a query',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [1, read(ping(1), {}), 'execute $p1'],
        [2, executed(ping(1), tooLarge), 'answer $p1 failed not-done too-large'],
      ],
    ],
    [
      'without room becomes a small one, then an entry in refused',
      [
        ...executing,
        [3, executed(attach(1), large), 'answer $a1 done in 3'],
        [4, about('answer-refused', attach(1)), 'remove-parts $a1', 'answer $a1 failed partly quota'],
        [5, about('answer-refused', attach(1)), 'refused $a1 quota'],
      ],
    ],
    [
      'of a failure half-way stays one when there is no room',
      [
        ...executing,
        [
          3,
          executed(attach(1), { kind: 'failed', error: { code: 'qemu-error', message: '', outcome: 'partly' } }),
          'answer $a1 failed partly qemu-error',
        ],
        [4, about('answer-refused', attach(1)), 'answer $a1 failed partly quota'],
      ],
    ],
  ],
})
