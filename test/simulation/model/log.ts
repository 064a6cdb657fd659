import type { Logger as AgentLogger } from '@stubdom/stubdom-agent'

const nothing = (): void => {}

/** Where programs of a simulation log to. What an agent calls its own fault is told. */
export function silentLog(onFault: (message: string) => void): AgentLogger {
  const log = {
    child: () => log,
    trace: nothing,
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: (fields: { error?: unknown }, message: string) => onFault(`${message}: ${describe(fields.error)}`),
  }
  return log as unknown as AgentLogger
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
