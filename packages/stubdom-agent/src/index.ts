export { runAgent } from './agent.ts'
export { createLogger, type Logger } from './logger.ts'
export { type AgentOptions, parseOptions, UsageError } from './options.ts'
export { AGENT_VERSION } from './version.ts'
