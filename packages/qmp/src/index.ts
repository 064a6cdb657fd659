export { type QmpCallOptions, QmpClient, type QmpConnectOptions } from './client.ts'
export {
  QmpAbortedError,
  QmpBusyError,
  QmpClosedError,
  QmpCommandError,
  QmpConnectionError,
  QmpError,
  type QmpErrorCode,
  QmpLostError,
  QmpProtocolError,
  type QmpStage,
  QmpTimeoutError,
  QmpUnavailableError,
} from './errors.ts'
export { LineSplitter } from './line-splitter.ts'
export { parseMessage, type QmpEvent, type QmpGreeting, type QmpMessage } from './messages.ts'
