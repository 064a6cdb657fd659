import { commandDigest } from '../digest.ts'
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
  claiming,
  disconnected,
  executed,
  executing,
  finished,
  hint,
  key,
  left,
  listed,
  ping,
  read,
  started,
  testScenarios,
  tick,
} from '../testing/responder-play.ts'
import { sha256 } from '../testing/text.ts'

testScenarios({
  'a restart': [
    [
      'keeps answers, removes orphans, clears up first and takes new work then',
      [
        [
          0,
          started(
            [attach(3), attach(2), attach(1), ping(9), ping(1)],
            [
              [attach(1), left('running')],
              [attach(2), finished],
              [attach(8), finished],
              [ping(1), left('running', commandDigest(sha256, 'ping', {}))],
            ],
            [key(attach(8)).id, '0mhx3k2a-x'],
          ),
          'remove $a8 parts',
          'remove-parts $x',
          'read $a1',
          'read $p1',
          'read $a3',
          'read $p9',
        ],
        [1, read(ping(9), {})],
        [1, read(attach(3), { bdf: B })],
        [2, read(ping(1), {}, { epoch: 'e0e0e0e0' }), 'answer $p1 failed not-done stale-epoch'],
        [3, read(attach(1), { bdf: A }, { epoch: 'e0e0e0e0' }), 'reconcile $a1'],
        [
          4,
          executed(attach(1), { kind: 'done', result: {}, reconciled: true }),
          'answer $a1 done reconciled',
          'execute $p9',
          'claim $a3',
        ],
        [5, about('answer-written', attach(1))],
        [6, hint(attach(2))],
        [56, tick, 'list pci-attach'],
        [57, listed('pci-attach', attach(1), attach(3)), 'remove $a2'],
      ],
    ],
    [
      'what waited for the guest does not hold new work up',
      [
        [0, started([attach(1), attach(2)], [[attach(1), left('accepted')]]), 'read $a1', 'read $a2'],
        [1, read(attach(1), { bdf: A }, { epoch: 'e0e0e0e0' }), 'reconcile $a1'],
        [2, read(attach(2), { bdf: A }), 'claim $a2'],
      ],
    ],
    [
      'what is interrupted and was taken back is still found out',
      [
        [0, started([attach(1)], [[attach(1), left('running')]]), 'read $a1'],
        [1, read(attach(1), { bdf: A }, { epoch: 'e0e0e0e0', cancel: true }), 'reconcile $a1'],
      ],
    ],
    [
      'what is interrupted and gone is removed',
      [
        [0, started([attach(1)], [[attach(1), left('running')]]), 'read $a1'],
        [1, read(attach(1), undefined), 'remove $a1'],
      ],
    ],
    [
      'an answer for something else is left alone, whatever the request says',
      [
        [
          0,
          started(
            [attach(1), attach(2)],
            [
              [attach(1), left('running', 'f'.repeat(16))],
              [attach(2), left('running', 'f'.repeat(16))],
            ],
          ),
          'read $a1',
          'read $a2',
        ],
        [1, read(attach(1), { bdf: A })],
        [2, read(attach(2), { bdf: 'x' })],
        [3, hint(attach(1))],
        [53, tick, 'list pci-attach'],
        [54, listed('pci-attach', attach(2)), 'remove $a1'],
      ],
    ],
    [
      'an answer that cannot be read is as if it were none',
      [
        [0, started([attach(1)], [[attach(1), { state: '?' }]], [key(attach(1)).id]), 'remove-parts $a1', 'read $a1'],
        [1, read(attach(1), { bdf: A }, { epoch: 'e0e0e0e0' }), 'answer $a1 failed not-done stale-epoch'],
      ],
    ],
    [
      'a reconciliation that takes longer than its deadline holds new work up no more',
      [
        [0, started([attach(1), attach(2)], [[attach(1), left('running')]]), 'read $a1', 'read $a2'],
        [1, read(attach(1), { bdf: A }, { epoch: 'e0e0e0e0' }), 'reconcile $a1'],
        [2, read(attach(2), { bdf: B }, { deadlineMs: 60_000 })],
        [10_001, tick, 'pending $a1 running overdue', 'claim $a2'],
      ],
    ],
  ],

  'a new connection': [
    [
      'reads again',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [1, disconnected, 'read $p1'],
        [2, listed('ping', ping(1))],
        [3, read(ping(1), {}), 'read $p1', 'execute $p1'],
      ],
    ],
    [
      'reads what it noticed first before what is listed, and begins in that order',
      [
        begin,
        [0, hint(attach(9)), 'read $a9'],
        [1, disconnected, 'read $a9'],
        [2, listed('pci-attach', attach(1), attach(9)), 'read $a1'],
        [3, read(attach(9), { bdf: A }), 'read $a9', 'claim $a9'],
        [4, read(attach(1), { bdf: A })],
      ],
    ],
    [
      'begins what it read anew in the order of that reading',
      [
        ...executing,
        [3, hint(attach(2)), 'read $a2'],
        [4, read(attach(2), undefined)],
        [5, hint(attach(2)), 'read $a2'],
        [6, hint(attach(2))],
        [7, hint(attach(3)), 'read $a3'],
        [8, read(attach(2), undefined), 'read $a2'],
        [9, read(attach(3), { bdf: A })],
        [10, read(attach(2), { bdf: A })],
        [11, executed(attach(1)), 'answer $a1 done', 'claim $a3'],
      ],
    ],
    [
      'reads nothing that went',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [1, disconnected, 'read $p1'],
        [2, listed('ping')],
        [3, read(ping(1), undefined), 'read $p1'],
        [4, read(ping(1), undefined)],
      ],
    ],
    [
      'looks again at what waits',
      [
        ...executing,
        [3, hint(attach(2)), 'read $a2'],
        [4, read(attach(2), { bdf: A })],
        [5, disconnected, 'pending $a1 running'],
        [6, listed('pci-attach', attach(1), attach(2)), 'read $a1', 'read $a2'],
        [7, read(attach(2), { bdf: A }, cancel), 'answer $a2 cancelled'],
      ],
    ],
    [
      'claims anew: an unacknowledged claim is not executed',
      [
        ...claiming,
        [2, disconnected, 'claim $a1'],
        [3, listed('pci-attach', attach(1))],
        [4, claimed(attach(1), { bdf: A }), 'execute $a1'],
      ],
    ],
    [
      'shows again how far a command is, and sees that it was taken back',
      [
        ...executing,
        [3, about('accepted', attach(1)), 'pending $a1 accepted'],
        [4, disconnected, 'pending $a1 accepted'],
        [5, listed('pci-attach', attach(1)), 'read $a1'],
        [6, read(attach(1), { bdf: A }, cancel), 'pending $a1 accepted too-late'],
      ],
    ],
    [
      'sees that nobody waits any more',
      [
        ...executing,
        [3, disconnected, 'pending $a1 running'],
        [4, listed('pci-attach'), 'read $a1'],
        [5, read(attach(1), undefined)],
        [6, executed(attach(1)), 'remove $a1'],
      ],
    ],
    [
      'writes the answer again, before anything new is begun',
      [
        ...answering,
        [4, hint(attach(2)), 'read $a2'],
        [5, read(attach(2), { bdf: A }), 'claim $a2'],
        [6, disconnected, 'answer $a1 done', 'claim $a2'],
        [7, listed('pci-attach', attach(1), attach(2))],
        [8, about('answer-written', attach(1))],
      ],
    ],
    [
      'writes an answer that came meanwhile once',
      [
        ...executing,
        [3, disconnected, 'pending $a1 running'],
        [4, executed(attach(1)), 'answer $a1 done'],
        [5, listed('pci-attach', attach(1))],
      ],
    ],
    [
      'removes an answer that may have been written',
      [...answering, [4, disconnected, 'answer $a1 done'], [5, listed('pci-attach'), 'remove $a1']],
    ],
    [
      'removes an answer that was collected',
      [
        ...answered,
        [5, disconnected],
        [6, listed('pci-attach')],
        [56, tick, 'list pci-attach'],
        [57, listed('pci-attach'), 'remove $a1'],
      ],
    ],
    [
      'removes again what may not have been removed',
      [...claiming, [2, claimed(attach(1), undefined), 'remove $a1'], [3, disconnected, 'remove $a1']],
    ],
    [
      'removes again also what is just being read anew',
      [
        ...claiming,
        [2, claimed(attach(1), undefined), 'remove $a1'],
        [3, hint(attach(1)), 'read $a1'],
        [4, disconnected, 'read $a1', 'remove $a1'],
        [5, listed('pci-attach')],
      ],
    ],
    [
      'removes nothing again that has an answer anew',
      [
        ...claiming,
        [2, claimed(attach(1), undefined), 'remove $a1'],
        [3, hint(attach(1)), 'read $a1'],
        [4, read(attach(1), { bdf: A }, cancel), 'answer $a1 cancelled'],
        [5, disconnected, 'answer $a1 cancelled'],
      ],
    ],
    [
      'asks for the listing again that it lost',
      [
        ...answered,
        [5, hint(attach(1))],
        [55, tick, 'list pci-attach'],
        [56, disconnected],
        [57, listed('pci-attach')],
        [107, tick, 'list pci-attach'],
        [108, listed('pci-attach'), 'remove $a1'],
      ],
    ],
  ],
})
