import { pino } from 'pino'

export type Logger = pino.Logger

/** JSON lines on stderr, written at once: an agent that dies leaves its last words. */
export function createLogger(level: string): Logger {
  return pino({ base: { name: 'stubdom-agent' }, level }, pino.destination({ fd: 2, sync: true }))
}
