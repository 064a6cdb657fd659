import { formatBdf, type PciAttachArgs, parseBdf } from '@stubdom/protocol'
import { CommandFailure } from '../commands/failure.ts'
import type { Qemu, Task } from '../commands/task.ts'
import { listPeripherals, type Peripheral } from './devices.ts'
import { freeSlot } from './places.ts'

/** Where one function of a device goes on the guest’s bus. */
export interface Placement {
  readonly bdf: string
  /** `7` or `7.2`, as device_add takes it; undefined: QEMU chooses. */
  readonly addr?: string
  /** For function 0: there are others. */
  readonly multifunction?: true
}

/**
 * What an attach adds, in order. All functions of a device go into one slot, function 0 last: QEMU refuses the others afterwards, since the guest looks for them
 * only when function 0 appears. Source: QEMU, hw/pci/pci.c (pci_init_multifunction, do_pci_register_device).
 */
export async function placementsOf({ bdf, slot, functions }: PciAttachArgs, task: Task): Promise<Placement[]> {
  if (!functions) return [{ bdf, ...(slot === undefined ? {} : { addr: slot.toString(16) }) }]
  if (functionNumber(bdf) !== 0)
    throw new CommandFailure('bad-request', `${bdf}: all functions are named by function 0`)
  if (!task.arrivals) {
    const message = `functions: what the device has is pciback’s to say, and the emulated ${task.driver} does without`
    throw new CommandFailure('unsupported', message)
  }
  const assigned = (await task.arrivals.assigned(bdf, task)).filter(other => deviceOf(other) === deviceOf(bdf))
  const chosen = slot ?? (await freeSlot(task.qemu))
  if (chosen === undefined) throw new CommandFailure('qemu-error', 'the guest has no free slot')
  // Waited for like any other when pciback does not list it: the answer is then not-assigned.
  const others = [...new Set(assigned)]
    .filter(other => other !== bdf)
    .toSorted()
    .toReversed()
  return [...others, bdf].map(other => {
    const addr = `${chosen.toString(16)}.${functionNumber(other)}`
    return { bdf: other, addr, ...(other === bdf && others.length > 0 ? { multifunction: true } : {}) }
  })
}

/** The functions of a device that QEMU has. @param bdf of any of them */
export async function functionsOf(qemu: Qemu, bdf: string): Promise<Peripheral[]> {
  return (await listPeripherals(qemu)).filter(other => deviceOf(other.bdf) === deviceOf(bdf))
}

export function functionNumber(bdf: string): number {
  return parseBdf(bdf)?.func ?? 0
}

function deviceOf(bdf: string): string {
  const address = parseBdf(bdf)
  return address ? formatBdf({ ...address, func: 0 }) : bdf
}
