import { type PciAttachArgs, type PciDevice, TOOLSTACK_OPTIONS } from '@stubdom/protocol'
import { describePeripherals, findPeripheral, PASSTHROUGH_DRIVER, qdevIdFor } from '../pci/devices.ts'
import { isLost, isRefusal } from '../qemu/monitor.ts'
import { CommandFailure } from './failure.ts'
import type { CommandHandler } from './handler.ts'
import { guestsAnswer } from './pci-detach.ts'
import type { Task } from './task.ts'

export const pciAttach: CommandHandler<'pci-attach'> = {
  async run(args, task) {
    refuseWhatCannotBeHonoured(args, task.driver)
    const existing = await findPeripheral(task.qemu, args.bdf)
    if (existing) {
      const pending = task.removals.isPending(existing.qdevId) ? '; its removal is waiting for the guest' : ''
      throw new CommandFailure('already-attached', `${args.bdf} is attached already as ${existing.qdevId}${pending}`)
    }
    const id = qdevIdFor(args.bdf)
    task.commit()
    try {
      await task.qemu.execute('device_add', deviceArguments(id, args, task.driver))
    } catch (error) {
      if (!isRefusal(error)) throw error
      throw new CommandFailure('qemu-error', error.desc, { stage: 'device_add', cause: error })
    }
    try {
      return await readBack(args.bdf, task)
    } catch (error) {
      if (isLost(error)) throw error
      throw await rolledBack(id, task, error)
    }
  },

  async reconcile({ bdf }, task) {
    const existing = await findPeripheral(task.qemu, bdf)
    if (!existing) return { found: 'not-done', message: `the agent restarted; ${bdf} is not attached` }
    return { found: 'done', result: await readBack(bdf, task) }
  },
}

/** An option is honoured or refused by name; none is dropped. */
function refuseWhatCannotBeHonoured(args: PciAttachArgs, driver: string): void {
  const refused: string[] = []
  for (const [option, { standard, carriedOutBy }] of Object.entries(TOOLSTACK_OPTIONS)) {
    const value = args[option as keyof typeof TOOLSTACK_OPTIONS]
    if (value !== undefined && value !== standard)
      refused.push(`${option}: QEMU has no part in it, ${carriedOutBy} carries it out`)
  }
  if (args.permissive && driver !== PASSTHROUGH_DRIVER) {
    refused.push(`permissive: the emulated device ${driver}, which stands in for the real one here, has no such option`)
  }
  if (refused.length > 0) throw new CommandFailure('unsupported', refused.join('; '))
}

/** What QEMU’s device_add takes; source: QEMU, hw/xen/xen_pt.c, and libxl_qmp.c for the form of the values. */
function deviceArguments(
  id: string,
  { bdf, slot, permissive }: PciAttachArgs,
  driver: string,
): Record<string, unknown> {
  return {
    driver,
    id,
    ...(driver === PASSTHROUGH_DRIVER ? { hostaddr: bdf } : {}),
    ...(slot === undefined ? {} : { addr: slot.toString(16) }),
    ...(permissive ? { permissive: true } : {}),
  }
}

async function readBack(bdf: string, { qemu, removals }: Task): Promise<PciDevice> {
  const device = await findPeripheral(qemu, bdf)
  const [description] = device ? await describePeripherals(qemu, [device], id => removals.isPending(id)) : []
  if (!description)
    throw new CommandFailure('qemu-error', `QEMU took ${bdf} but does not list it`, { stage: 'read-back' })
  return description
}

const ROLLBACKS = {
  waits: 'its removal was asked for and waits for the guest',
  refused: 'the guest refused to give it up again',
  deleted: 'it was removed again',
  'qemu-gone': 'QEMU ended',
} as const

/** Takes back a device that was added, and says how that ended. */
async function rolledBack(id: string, task: Task, reason: unknown): Promise<CommandFailure> {
  const why = (reason as Error).message
  const answer = guestsAnswer(id, task)
  try {
    await task.qemu.execute('device_del', { id })
    const end = task.removals.isPending(id) ? 'waits' : await answer
    const outcome = end === 'waits' || end === 'refused' ? 'partly' : 'not-done'
    return new CommandFailure('qemu-error', `${why}; ${ROLLBACKS[end]}`, { stage: 'read-back', outcome, cause: reason })
  } catch (error) {
    task.removals.end(id, 'refused')
    const message = `${why}; it could not be removed again: ${(error as Error).message}`
    return new CommandFailure('qemu-error', message, { stage: 'read-back', outcome: 'partly', cause: reason })
  }
}
