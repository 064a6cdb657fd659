export type { ControlNode } from './control/control-node.ts'
export { connect, type Dom0, type Dom0Options } from './dom0.ts'
export type { StubdomainInfo, StubdomainState } from './domains/listing.ts'
export {
  AccessError,
  CommandCancelledError,
  CommandFailedError,
  Dom0Error,
  DomainError,
  NoAgentError,
  NoXenstoreError,
  OutcomeUnknownError,
  SaveTargetError,
  UsageError,
  VersionMismatchError,
} from './errors.ts'
export type { Logger } from './logger.ts'
export { type SaveChannel, SaveChannelError } from './save/channel.ts'
export type { Saving } from './save/save-state.ts'
export type { CommandOptions } from './session/options.ts'
export type { RunningCommand } from './session/running-command.ts'
export type { SaveStateArgs, Stubdomain } from './stubdomain.ts'
