import type { Matrix } from './matrix.ts'
import { AS_QEMU_HAS_IT, DONE, DONE_AND_LOST, EXPIRED, INTERRUPTED, NEVER_ASKED, QEMU_GONE, STALE } from './outcome.ts'

export const pciAttach: Matrix = {
  command: 'pci-attach',
  args: ['hvm1', '03:00.0@07'],
  before: { attached: false, running: true },
  effect: { attached: true, running: true },
  once: ['device_add'],
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
    ['qom-list answered', INTERRUPTED, QEMU_GONE],
    ['device_add unsent', INTERRUPTED, QEMU_GONE],
    ['device_add sent', AS_QEMU_HAS_IT, QEMU_GONE],
    ['device_add answered', DONE, QEMU_GONE],
    ['qom-list answered #2', DONE, QEMU_GONE],
    ['query-pci answered', DONE, DONE_AND_LOST],
    ['outcome known', DONE, DONE_AND_LOST],
    ['answer sent', DONE, DONE_AND_LOST],
    ['answer written', DONE, DONE_AND_LOST],
    ['answer collected', DONE, DONE_AND_LOST],
    ['answer removal sent', DONE, DONE_AND_LOST],
    ['answer removed', DONE, DONE_AND_LOST],
  ],
  recovery: [
    ['device_add unsent', 'reconciling', INTERRUPTED],
    ['device_add answered', 'reconciling', DONE],
    ['device_add answered', 'reconciled', DONE],
    ['device_add answered', 'answer sent', DONE],
  ],
}
