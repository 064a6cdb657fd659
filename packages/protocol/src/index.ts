export { type Bdf, bdfOfQdevId, formatBdf, parseBdf, qdevId } from './bdf.ts'
export { type Decoded, decodeJson } from './codec/decode.ts'
export { type EncodedMessage, encodeInParts, joinParts } from './codec/parts.ts'
export { canonicalJson, encodeJson, printable } from './codec/text.ts'
export {
  AGENT_CODES,
  type AgentCode,
  type ErrorCode,
  type FailureOutcome,
  VERDICT_CODES,
  type VerdictCode,
} from './codes.ts'
export { type CommandDefinition, EVERYTHING, type ReplayClass } from './commands/command.ts'
export {
  COMMAND_NAMES,
  COMMANDS,
  type CommandArgs,
  type CommandName,
  type CommandResult,
  commandDefinition,
} from './commands/index.ts'
export { type PciAttachArgs, TOOLSTACK_OPTIONS } from './commands/pci-attach.ts'
export type { PciDevice } from './commands/pci-device.ts'
export { consoleMark, MarkFinder } from './console-mark.ts'
export { commandDigest, type Sha256 } from './digest.ts'
export { DecodeError, EncodeError, ProtocolError, VersionError } from './errors.ts'
export { idGenerator, idTime, isCommandId } from './ids.ts'
export { controlPath, isCommandName, Layout, type NodeName, parseNodeName, partName } from './layout.ts'
export * from './limits.ts'
export { LineBudget } from './logging/line-budget.ts'
export { loggable } from './logging/loggable.ts'
export { AGENT_STAGES, type AgentStage, type AgentStatus, decodeAgentStatus } from './messages/agent-status.ts'
export { type ControlEvent, type ControlEventName, decodeEvent, EVENT_NAMES } from './messages/event.ts'
export { decodeHello, type ForeignHello, type Hello } from './messages/hello.ts'
export { decodeMade, type Made } from './messages/made.ts'
export { decodeRefused, type Refused } from './messages/refused.ts'
export { decodeRequestNode, isRequestHead, type Request, type RequestNode } from './messages/request.ts'
export {
  decodeResponseNode,
  type Failure,
  type FinalResponse,
  isFinal,
  isResponseHead,
  type PendingResponse,
  type Response,
  type ResponseNode,
} from './messages/response.ts'
export type { StateChannelName } from './messages/state.ts'
export { type PciSpecProblem, parsePciSpec } from './pci-spec.ts'
export { Call, type CallSpec } from './requester/call.ts'
export type { CallEffect, CallInput, NodeBytes } from './requester/io.ts'
export type { Verdict } from './requester/verdict.ts'
export type { ResponderOptions } from './responder/desk.ts'
export type { InFlight } from './responder/entry.ts'
export type {
  CommandKey,
  ExecutionMode,
  ExecutionOutcome,
  Removal,
  ResponderEffect,
  ResponderInput,
} from './responder/io.ts'
export { Responder } from './responder/responder.ts'
export { commonVersion, formatRange, PROTOCOL_VERSION, PROTOCOL_VERSIONS } from './version.ts'
