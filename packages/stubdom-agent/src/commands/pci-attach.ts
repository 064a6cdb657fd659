import { type CommandResult, type PciAttachArgs, TOOLSTACK_OPTIONS } from '@stubdom/protocol'
import { describePeripherals, findPeripheral, PASSTHROUGH_DRIVER, qdevIdFor } from '../pci/devices.ts'
import { functionNumber, functionsOf, type Placement, placementsOf } from '../pci/functions.ts'
import { type HostAddress, hostAddress } from '../pci/host-address.ts'
import { isLost, isRefusal } from '../qemu/monitor.ts'
import { CommandFailure } from './failure.ts'
import type { CommandHandler } from './handler.ts'
import { guestsAnswers } from './pci-detach.ts'
import type { Task } from './task.ts'

export const pciAttach: CommandHandler<'pci-attach'> = {
  async run(args, task) {
    refuseWhatCannotBeHonoured(args, task.driver)
    return task.turn.run(task.signal, () => attach(args, task))
  },

  async reconcile({ bdf, functions }, task) {
    const existing = await findPeripheral(task.qemu, bdf)
    if (existing) return { found: 'done', result: await readBack(bdf, task) }
    const others = functions ? await functionsOf(task.qemu, bdf) : []
    if (others.length === 0) return { found: 'not-done', message: `the agent restarted; ${bdf} is not attached` }
    const list = others.map(device => device.bdf).join(', ')
    return { found: 'partly', message: `the agent restarted; ${list} are attached, ${bdf} is not; detach one of them` }
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

/** One function on its way to the guest. */
interface Step extends Placement, Partial<HostAddress> {
  readonly id: string
  /** Its address in the stubdomain; undefined where nothing had to arrive. */
  readonly local: string | undefined
}

async function attach(args: PciAttachArgs, task: Task): Promise<CommandResult<'pci-attach'>> {
  const placements = await placementsOf(args, task)
  for (const { bdf } of placements) await refuseAttached(bdf, task)
  const steps: Step[] = []
  for (const placement of placements) {
    const local = await task.arrivals?.wait(placement.bdf, task)
    const address = local === undefined ? undefined : hostAddress(task.qemu.version, placement.bdf, local)
    if (address?.obstacle && task.driver === PASSTHROUGH_DRIVER)
      throw new CommandFailure('unsupported', address.obstacle)
    steps.push({ ...placement, ...address, id: qdevIdFor(placement.bdf), local })
  }
  task.commit()
  const added: Step[] = []
  try {
    for (const step of steps) {
      await addDevice(step, args, task)
      added.push(step)
    }
    return await describe(args, steps, task)
  } catch (error) {
    if (isLost(error) || added.length === 0) throw error
    throw await rolledBack(added, task, error)
  }
}

async function refuseAttached(bdf: string, { qemu, removals }: Task): Promise<void> {
  const existing = await findPeripheral(qemu, bdf)
  if (!existing) return
  const pending = removals.isPending(existing.qdevId) ? '; its removal is waiting for the guest' : ''
  throw new CommandFailure('already-attached', `${bdf} is attached already as ${existing.qdevId}${pending}`)
}

/** The form of the values is libxl’s. Source: QEMU, hw/xen/xen_pt.c, and Xen, tools/libs/light/libxl_pci.c. */
async function addDevice(step: Step, { permissive }: PciAttachArgs, { qemu, driver }: Task): Promise<void> {
  const { id, bdf, hostaddr = bdf, addr, multifunction } = step
  try {
    await qemu.execute('device_add', {
      driver,
      id,
      ...(driver === PASSTHROUGH_DRIVER ? { hostaddr } : {}),
      ...(addr === undefined ? {} : { addr }),
      ...(multifunction ? { multifunction } : {}),
      ...(permissive ? { permissive } : {}),
    })
  } catch (error) {
    if (!isRefusal(error)) throw error
    throw new CommandFailure('qemu-error', error.desc, { stage: 'device_add', cause: error })
  }
}

async function describe(
  { bdf, functions }: PciAttachArgs,
  steps: readonly Step[],
  task: Task,
): Promise<CommandResult<'pci-attach'>> {
  const device = await readBack(bdf, task)
  const step = steps.find(candidate => candidate.bdf === bdf)
  return {
    ...device,
    ...(functions ? { functions: steps.map(candidate => candidate.bdf).toSorted(byFunction) } : {}),
    ...(step?.local === undefined || step.local === bdf ? {} : { local: step.local }),
    ...(step?.warning === undefined || task.driver !== PASSTHROUGH_DRIVER ? {} : { warning: step.warning }),
  }
}

function byFunction(one: string, other: string): number {
  return functionNumber(one) - functionNumber(other)
}

async function readBack(bdf: string, { qemu, removals }: Task): Promise<CommandResult<'pci-attach'>> {
  const device = await findPeripheral(qemu, bdf)
  const [description] = device ? await describePeripherals(qemu, [device], id => removals.isPending(id)) : []
  if (!description)
    throw new CommandFailure('qemu-error', `QEMU took ${bdf} but does not list it`, { stage: 'read-back' })
  return description
}

/** Takes back what was added, and says how that ended. */
async function rolledBack(added: readonly Step[], task: Task, reason: unknown): Promise<CommandFailure> {
  const why = (reason as Error).message
  const stage = (reason instanceof CommandFailure && reason.stage) || 'read-back'
  const fail = (how: string, outcome: 'not-done' | 'partly') =>
    new CommandFailure('qemu-error', `${why}; ${how}`, { stage, outcome, cause: reason })
  const answers = guestsAnswers(
    added.map(({ id }) => id),
    task,
  )
  for (const { id, bdf } of added) {
    try {
      await task.qemu.execute('device_del', { id })
    } catch (error) {
      task.removals.end(id, 'refused')
      return fail(`${bdf} could not be removed again: ${(error as Error).message}`, 'partly')
    }
  }
  const waits = added.some(({ id }) => task.removals.isPending(id))
  if (waits) return fail('its removal was asked for and waits for the guest', 'partly')
  return (await answers).includes('refused')
    ? fail('the guest refused to give it up again', 'partly')
    : fail('it was removed again', 'not-done')
}
