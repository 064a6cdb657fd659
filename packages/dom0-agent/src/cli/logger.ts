import type { Logger } from '../logger.ts'

/** Logs to stderr. Loaded only when it is wanted: most runs are over before it would be. */
export async function verboseLogger(): Promise<Logger> {
  const { pino } = await import('pino')
  // No transport: that would need a thread and files of its own, which a bundle does not have.
  const logger: Logger = pino({ name: 'stubdomctl', level: 'debug' }, pino.destination({ fd: 2, sync: true }))
  return logger
}
