import type { CommandResult, PciAttachArgs } from '@stubdom/protocol'
import {
  CommandCancelledError,
  CommandFailedError,
  MisbehavingError,
  OutcomeUnknownError,
  PlumbingError,
} from '../errors.ts'
import { BackendDomainGoneError } from './pci-backend.ts'
import type { Plumbing, PlumbingReport } from './plumbing.ts'

/** A device that was given to the guest in all its parts. */
export interface PlumbedAttach {
  readonly device: CommandResult<'pci-attach'>
  /** What was done to the host; undefined when an earlier command was picked up, which had done it. */
  readonly plumbing: PlumbingReport | undefined
}

/** A device that was taken from the guest in all its parts. */
export interface PlumbedDetach {
  readonly bdf: string
  /** False when the device model did not have it any more, and only the rest was there to be taken back. */
  readonly detached: boolean
}

/** How a command of the device model is given, and what the caller said about it. */
export interface HotPlug<R> {
  readonly id: string
  /** An earlier command is picked up. */
  readonly pickUp: boolean
  /** Milliseconds for pciback and pcifront. */
  readonly waitMs: number
  readonly signal: AbortSignal
  /** @throws Dom0Error */
  readonly give: () => Promise<R>
}

/** What of the arguments is the device model's; the rest is carried out by the plumbing. */
export function deviceModelPart({ bdf, slot, permissive }: PciAttachArgs): PciAttachArgs {
  return { bdf, ...(slot === undefined ? {} : { slot }), ...(permissive === undefined ? {} : { permissive }) }
}

/**
 * The whole of a hot-plug: the host's part, then the device model's. When that one fails, the host is as before; when nobody knows how it ended, or it was done
 * in part, the host's part stays: taking a device's memory away from a device model that may have it would break the guest.
 * @throws Dom0Error
 */
export async function attach(
  plumbing: Plumbing,
  args: PciAttachArgs,
  { id, pickUp, waitMs, signal, give }: HotPlug<CommandResult<'pci-attach'>>,
): Promise<PlumbedAttach> {
  if (pickUp) {
    const device = await give().catch(async (error: unknown) => {
      if (undoes(error) && (await plumbing.isLaid(args.bdf))) await plumbing.remove(args.bdf, waitMs)
      throw error
    })
    return { device, plumbing: undefined }
  }
  const { report, undo } = await plumbing.lay(args, waitMs, signal).catch((error: PlumbingError) => {
    const { outcome, step, cause } = error
    if (outcome !== 'not-done') throw error
    if (signal.aborted) throw new CommandCancelledError(id)
    if (!(cause instanceof BackendDomainGoneError)) throw error
    const message = 'the guest or its stubdomain was destroyed; nothing was done'
    throw new CommandFailedError({ id, code: 'domain-gone', outcome, message, stage: step }, { cause: error })
  })
  try {
    return { device: await give(), plumbing: report }
  } catch (error) {
    if (!undoes(error)) throw error
    const problems = await undo.unwind()
    if (problems.length === 0) throw error
    const message = `${(error as Error).message}; this could not be taken back: ${problems.join('; ')}`
    throw new PlumbingError('device-model', 'partly', message, { cause: error })
  }
}

/**
 * The whole of an unplug: the device model's part, then the host's. A device that the device model does not have (it is gone with a reboot, say) is
 * taken back all the same if it counts as this guest's.
 * @throws Dom0Error
 */
export async function detach(
  plumbing: Plumbing,
  bdf: string,
  { waitMs, give }: HotPlug<CommandResult<'pci-detach'>>,
): Promise<PlumbedDetach> {
  let detached = true
  try {
    await give()
  } catch (error) {
    const hasNot = error instanceof CommandFailedError && error.code === 'device-not-found'
    if (!hasNot || !(await plumbing.isLaid(bdf))) throw error
    detached = false
  }
  await plumbing.remove(bdf, waitMs)
  return { bdf, detached }
}

/** Whether it is certain that the device model has nothing of the device. */
function undoes(error: unknown): boolean {
  if (error instanceof CommandFailedError || error instanceof MisbehavingError) return error.outcome === 'not-done'
  return !(error instanceof OutcomeUnknownError)
}
