import { dmCont } from './dm-cont.ts'
import { dmStop } from './dm-stop.ts'
import type { Matrix } from './matrix.ts'
import { pciAttach } from './pci-attach.ts'
import { pciDetach } from './pci-detach.ts'
import { restoreState } from './restore-state.ts'
import { saveState } from './save-state.ts'
import { UNANSWERED } from './unanswered.ts'

export const MATRICES: readonly Matrix[] = [pciAttach, pciDetach, saveState, restoreState, dmStop, dmCont]

/** Every step at which something is killed. */
export function named(): Set<string> {
  const steps = MATRICES.flatMap(({ dom0, agent, recovery }) => [
    ...dom0.map(([step]) => step),
    ...agent.map(([step]) => step),
    ...recovery.flatMap(([first, second]) => [first, second]),
  ])
  return new Set([...steps, ...UNANSWERED.map(({ at }) => at)])
}
