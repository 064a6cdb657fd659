import {
  A,
  about,
  attach,
  begin,
  cancel,
  claimed,
  claiming,
  EPOCH,
  hint,
  key,
  listed,
  ping,
  read,
  testScenarios,
  tick,
} from '../testing/responder-play.ts'
import { bytes, jsonBytes } from '../testing/text.ts'

testScenarios({
  'what is not executed': [
    ['gone before it was read', [begin, [0, hint(ping(1)), 'read $p1'], [1, read(ping(1), undefined)]]],
    [
      'the claim is refused',
      [
        ...claiming,
        [2, about('claim-refused', attach(1)), 'refused $a1 quota'],
        [3, hint(attach(1))],
        [53, tick, 'list pci-attach'],
        [54, listed('pci-attach'), 'remove $a1'],
      ],
    ],
    ['gone when it was claimed', [...claiming, [2, claimed(attach(1), undefined), 'remove $a1']]],
    [
      'gone when it was claimed, and maybe there again',
      [
        ...claiming,
        [2, hint(attach(1))],
        [3, claimed(attach(1), undefined), 'remove $a1', 'read $a1'],
        [4, read(attach(1), { bdf: A }, cancel), 'answer $a1 cancelled'],
      ],
    ],
    [
      'an unknown command; its directory goes with its last answer',
      [
        begin,
        [0, hint('dance/0mhx3k2a-1'), 'read $1'],
        [0, hint('dance/0mhx3k2a-2'), 'read $2'],
        [1, read('dance/0mhx3k2a-1', {}), 'answer $1 failed not-done unsupported'],
        [1, read('dance/0mhx3k2a-2', {}), 'answer $2 failed not-done unsupported'],
        [2, about('answer-written', 'dance/0mhx3k2a-1')],
        [2, about('answer-written', 'dance/0mhx3k2a-2')],
        [3, hint('dance/0mhx3k2a-1')],
        [3, hint('dance/0mhx3k2a-2')],
        [53, tick, 'list dance'],
        [54, listed('dance'), 'remove $1', 'remove $2 directory'],
      ],
    ],
    [
      'no JSON',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [1, { on: 'request-read', ...key(ping(1)), bytes: bytes('?') }, 'answer $p1 failed not-done bad-request'],
      ],
    ],
    [
      'arguments that do not fit',
      [
        begin,
        [0, hint(attach(1)), 'read $a1'],
        [1, read(attach(1), { bdf: 'x' }), 'answer $a1 failed not-done bad-request'],
      ],
    ],
    [
      'no arguments',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [
          1,
          { on: 'request-read', ...key(ping(1)), bytes: jsonBytes({ v: 1, epoch: EPOCH, deadlineMs: 1 }) },
          'answer $p1 failed not-done bad-request',
        ],
      ],
    ],
    [
      'another version, whatever its form',
      [
        begin,
        [0, hint(ping(1)), 'read $p1'],
        [
          1,
          { on: 'request-read', ...key(ping(1)), bytes: jsonBytes({ v: 2, when: 'soon' }) },
          'answer $p1 failed not-done version',
        ],
      ],
    ],
    [
      'another version',
      [begin, [0, hint(ping(1)), 'read $p1'], [1, read(ping(1), {}, { v: 2 }), 'answer $p1 failed not-done version']],
    ],
    [
      'an id that is none',
      [
        begin,
        [0, hint('ping/UP'), 'read UP'],
        [1, read('ping/UP', {}), 'refused UP bad-request'],
        [2, hint('ping/UP')],
        [52, tick, 'list ping'],
        [53, listed('ping'), 'remove UP'],
      ],
    ],
    [
      'a command name that is none',
      [begin, [0, hint('Ping/0mhx3k2a-1'), 'read $1'], [1, read('Ping/0mhx3k2a-1', {}), 'refused $1 bad-request']],
    ],
    [
      'made for an earlier agent',
      [
        begin,
        [0, hint(attach(1)), 'read $a1'],
        [1, read(attach(1), { bdf: A }, { epoch: 'e0e0e0e0' }), 'answer $a1 failed not-done stale-epoch'],
      ],
    ],
  ],
})
