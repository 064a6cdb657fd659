import { type ErrorCode, printable, type Verdict } from '@stubdom/protocol'
import { CommandCancelledError, CommandFailedError, type Dom0Error, OutcomeUnknownError } from '../errors.ts'
import { printableValue } from '../printable-value.ts'

/** A verdict that is not `done`, as an error whose texts can be shown. */
export function errorOf(id: string, verdict: Exclude<Verdict, { outcome: 'done' }>): Dom0Error {
  if (verdict.outcome === 'cancelled') return new CommandCancelledError(id)
  const { code } = verdict
  const message = printable(verdict.message)
  const options = { remedy: REMEDIES[code] }
  if (verdict.outcome === 'unknown')
    return new OutcomeUnknownError(id, code, message, printableValue(verdict.latest), options)
  const { outcome, stage } = verdict
  return new CommandFailedError(
    { id, code, outcome, message, ...(stage === undefined ? {} : { stage: printable(stage, 64) }) },
    options,
  )
}

/**
 * What a verdict says against the stubdomain; undefined when an honest one may have brought it about.
 * @param picksUp an id that a person names may well stand for something else; one that was made for the call cannot
 * @param unreadableHello why the hello could not be used that the agent had when it was missed
 */
export function misbehaviourIn(verdict: Verdict, picksUp: boolean, unreadableHello?: string): string | undefined {
  if (!('code' in verdict)) return undefined
  if (verdict.code === 'bad-response') return printable(verdict.message)
  if (verdict.code === 'conflict' && !picksUp) return 'it answered a command that was not asked for'
  return verdict.code === 'no-agent' ? unreadableHello : undefined
}

/** What helps, where the code alone tells. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  busy: 'try again when earlier commands are done; stubdomctl status shows them',
  'stale-epoch': 'give the command again',
  interrupted: 'see with stubdomctl status how the device model is, then give the command again',
  'no-agent': 'start stubdom-agent in the stubdomain',
  'device-not-found': 'stubdomctl pci-list shows the devices that are attached',
  'already-attached': 'stubdomctl pci-list shows where',
  'not-assigned': 'assign the device to the stubdomain first (xl pci-assignable-add, and pciback)',
  'qemu-gone': 'see in the stubdomain’s log why QEMU ended',
  quota: 'see with stubdomctl ls what fills the stubdomain’s directory',
  conflict: 'give the id together with the command and the arguments that it was made for',
  expired: 'see what became of it (stubdomctl pci-list, status), and give the command again without --id if needed',
  unresponsive: 'see what the stubdomain does; restarting its agent ends this',
}
