import type { Matrix } from './matrix.ts'
import {
  AS_QEMU_HAS_IT,
  DONE,
  DONE_AND_LOST,
  DONE_OR_GONE,
  EXPIRED,
  INTERRUPTED,
  NEVER_ASKED,
  QEMU_GONE,
  STALE,
} from './outcome.ts'

export const dmStop: Matrix = {
  command: 'dm-stop',
  args: ['hvm1'],
  before: { attached: false, running: true },
  effect: { running: false },
  once: ['stop'],
  dom0: [
    ['request unsent', NEVER_ASKED],
    ['request sent', DONE],
    ['request written', DONE],
    ['progress read', DONE],
    ['answer read', DONE],
    ['request removal sent', EXPIRED],
    ['request removed', EXPIRED],
  ],
  agent: [
    ['request read', STALE, QEMU_GONE],
    ['claim sent', INTERRUPTED, QEMU_GONE],
    ['claim acknowledged', INTERRUPTED, QEMU_GONE],
    ['query-status answered', INTERRUPTED, QEMU_GONE],
    ['stop unsent', INTERRUPTED, QEMU_GONE],
    ['stop sent', AS_QEMU_HAS_IT, DONE_OR_GONE],
    ['stop answered', DONE, DONE_AND_LOST],
    ['outcome known', DONE, DONE_AND_LOST],
    ['answer sent', DONE, DONE_AND_LOST],
    ['answer written', DONE, DONE_AND_LOST],
    ['answer collected', DONE, DONE_AND_LOST],
    ['answer removal sent', DONE, DONE_AND_LOST],
    ['answer removed', DONE, DONE_AND_LOST],
  ],
  recovery: [
    ['stop unsent', 'reconciled', INTERRUPTED],
    ['stop answered', 'reconciling', DONE],
    ['stop answered', 'reconciled', DONE],
  ],
}
