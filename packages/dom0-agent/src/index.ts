export type { ControlNode } from './control/control-node.ts'
export { connect, type Dom0, type Dom0Options } from './dom0.ts'
export type { StubdomainInfo, StubdomainState } from './domains/listing.ts'
export {
  AccessError,
  CommandCancelledError,
  CommandFailedError,
  Dom0Error,
  DomainError,
  MisbehavingError,
  NoAgentError,
  NoXenstoreError,
  OutcomeUnknownError,
  PlumbingError,
  RestoreSourceError,
  SaveTargetError,
  UsageError,
  VersionMismatchError,
} from './errors.ts'
export type { Logger } from './logger.ts'
export type { Misbehaviour } from './misbehaviour.ts'
export type { PlumbedAttach, PlumbedDetach } from './plumb/hot-plug.ts'
export type { Range } from './plumb/hypervisor.ts'
export type { PlumbingReport } from './plumb/plumbing.ts'
export type { RestoreStateArgs } from './restore/restore-state.ts'
export { type Arrival, type SaveChannel, SaveChannelError } from './save/channel.ts'
export type { SaveStateArgs } from './save/save-state.ts'
export type { CommandOptions } from './session/options.ts'
export type { RunningCommand } from './session/running-command.ts'
export type { ChannelChoice, Saving } from './state/choice.ts'
export type { SavedState, Stubdomain } from './stubdomain.ts'
