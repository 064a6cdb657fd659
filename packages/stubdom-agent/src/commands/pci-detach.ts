import { findPeripheral, type Peripheral, qdevIdFor, slotMates } from '../pci/devices.ts'
import { functionNumber } from '../pci/functions.ts'
import type { RemovalEnd } from '../pci/removals.ts'
import { isRefusal } from '../qemu/monitor.ts'
import { CommandFailure } from './failure.ts'
import type { CommandHandler } from './handler.ts'
import type { Task } from './task.ts'

/**
 * device_del only asks the guest; done is the qdev’s absence. A removal that waits already is joined and asked for again: one that was
 * asked for before the guest’s OS listened is lost. Source: QEMU, docs/system/device-emulation and hw/acpi/pcihp.c. The guest ejects slots, so that all
 * functions in the slot go together.
 */
export const pciDetach: CommandHandler<'pci-detach'> = {
  async run({ bdf }, task) {
    const { device, mates, joined, answers } = await task.turn.run(task.signal, () => askFor(bdf, task))
    await answered(mates, answers, task)
    return {
      bdf,
      qdevId: device.qdevId,
      ...(joined ? { joined } : {}),
      ...(mates.length > 1 ? { functions: mates.slice(0, 8).map(mate => mate.bdf) } : {}),
    }
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
    await answered([device], guestsAnswers([device.qdevId], task), task)
    return { found: 'done', result: { bdf, qdevId: device.qdevId } }
  },
}

interface Asked {
  readonly device: Peripheral
  /** All that go, the device included, by function. */
  readonly mates: readonly Peripheral[]
  readonly joined: boolean
  readonly answers: Promise<RemovalEnd[]>
}

async function askFor(bdf: string, task: Task): Promise<Asked> {
  const device = await findPeripheral(task.qemu, bdf)
  if (!device) throw new CommandFailure('device-not-found', `${bdf} is not attached`)
  const mates = (await slotMates(task.qemu, device)).toSorted((a, b) => functionNumber(a.bdf) - functionNumber(b.bdf))
  const joined = mates.some(({ qdevId }) => task.removals.isPending(qdevId))
  task.commit()
  const answers = guestsAnswers(
    mates.map(({ qdevId }) => qdevId),
    task,
  )
  await askGuest(mates, joined, task)
  return { device, mates, joined, answers }
}

/** Waits from now on, before QEMU is told: the guest may answer before QEMU does. */
export function guestsAnswers(qdevIds: readonly string[], { removals, signal }: Task): Promise<RemovalEnd[]> {
  for (const qdevId of qdevIds) removals.begin(qdevId)
  const answers = Promise.all(qdevIds.map(qdevId => removals.wait(qdevId, signal)))
  // They may be given up before anybody looks at them.
  answers.catch(() => {})
  return answers
}

/** Asked for function 0, where native hot-plug listens; the others go with it. */
async function askGuest(mates: readonly Peripheral[], joined: boolean, task: Task): Promise<void> {
  const [{ qdevId: id } = { qdevId: '' }] = mates
  try {
    await task.qemu.execute('device_del', { id })
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (error.class === 'DeviceNotFound') return task.removals.end(id, 'deleted')
    // Machines without ACPI hot-plug refuse a repeat ("already in the process of unplug"): the first one stands.
    if (joined) return
    for (const mate of mates) task.removals.end(mate.qdevId, 'refused')
    throw new CommandFailure('qemu-error', error.desc, { stage: 'device_del', cause: error })
  }
}

async function answered(mates: readonly Peripheral[], answers: Promise<RemovalEnd[]>, task: Task): Promise<void> {
  if (mates.some(({ qdevId }) => task.removals.isPending(qdevId))) task.accepted()
  const ends = await answers
  const list = mates.map(({ bdf }) => bdf).join(', ')
  if (ends.includes('qemu-gone'))
    throw new CommandFailure('qemu-gone', `QEMU ended before the guest had given ${list} up`)
  if (ends.includes('refused'))
    throw new CommandFailure('guest-refused', `the guest refused to give ${list} up; it is still attached`)
}
