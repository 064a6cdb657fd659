import { findPeripheral, qdevIdFor } from '../pci/devices.ts'
import type { RemovalEnd } from '../pci/removals.ts'
import { isRefusal } from '../qemu/monitor.ts'
import { CommandFailure } from './failure.ts'
import type { CommandHandler } from './handler.ts'
import type { Task } from './task.ts'

/**
 * device_del only asks the guest; done is the qdev’s absence. A removal that waits already is joined and asked for again: one that was
 * asked for before the guest’s OS listened is lost. Source: QEMU, docs/system/device-emulation and hw/acpi/pcihp.c.
 */
export const pciDetach: CommandHandler<'pci-detach'> = {
  async run({ bdf }, task) {
    const device = await findPeripheral(task.qemu, bdf)
    if (!device) throw new CommandFailure('device-not-found', `${bdf} is not attached`)
    const { qdevId } = device
    const joined = task.removals.isPending(qdevId)
    task.commit()
    const answer = guestsAnswer(qdevId, task)
    await askGuest(qdevId, joined, task)
    await answered(bdf, qdevId, answer, task)
    return { bdf, qdevId, ...(joined ? { joined } : {}) }
  },

  async reconcile({ bdf }, task, { accepted }) {
    const device = await findPeripheral(task.qemu, bdf)
    // Which id it had is QEMU’s to know and QEMU has forgotten it.
    if (!device) return { found: 'done', result: { bdf, qdevId: qdevIdFor(bdf) } }
    if (!accepted) {
      return {
        found: 'partly',
        message: `the agent restarted; ${bdf} is attached, the guest may have been asked for it; repeat the command`,
      }
    }
    await answered(bdf, device.qdevId, guestsAnswer(device.qdevId, task), task)
    return { found: 'done', result: { bdf, qdevId: device.qdevId } }
  },
}

/** Waits from now on, before QEMU is told: the guest may answer before QEMU does. */
export function guestsAnswer(qdevId: string, { removals, signal }: Task): Promise<RemovalEnd> {
  removals.begin(qdevId)
  const answer = removals.wait(qdevId, signal)
  // It may be given up before anybody looks at it.
  answer.catch(() => {})
  return answer
}

async function askGuest(qdevId: string, joined: boolean, task: Task): Promise<void> {
  try {
    await task.qemu.execute('device_del', { id: qdevId })
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (error.class === 'DeviceNotFound') return task.removals.end(qdevId, 'deleted')
    // Machines without ACPI hot-plug refuse a repeat ("already in the process of unplug"): the first one stands.
    if (joined) return
    task.removals.end(qdevId, 'refused')
    throw new CommandFailure('qemu-error', error.desc, { stage: 'device_del', cause: error })
  }
}

async function answered(bdf: string, qdevId: string, answer: Promise<RemovalEnd>, task: Task): Promise<void> {
  if (task.removals.isPending(qdevId)) task.accepted()
  const end = await answer
  if (end === 'qemu-gone') throw new CommandFailure('qemu-gone', `QEMU ended before the guest had given ${bdf} up`)
  if (end === 'refused')
    throw new CommandFailure('guest-refused', `the guest refused to give ${bdf} up; it is still attached`)
}
