import { LineBudget, loggable } from '@stubdom/protocol'
import { pino } from 'pino'

export type Logger = pino.Logger

/** Lines at once, and a second: neither QEMU nor a crowd of commands fills a disk (XSA-180). */
const LINES_MAX = 2_000
const LINES_PER_SECOND = 100

/** JSON lines, written at once: an agent that dies leaves its last words. How many lines were left out stands in the next one. */
export function createLogger(
  level: string,
  to: pino.DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  const budget = new LineBudget(LINES_MAX, LINES_PER_SECOND)
  let leftOut = 0
  const options: pino.LoggerOptions = {
    base: { name: 'stubdom-agent' },
    level,
    mixin: () => (leftOut > 0 ? { leftOut } : {}),
    formatters: { log: loggable },
    hooks: {
      logMethod(args, method) {
        const before = budget.spend(performance.now())
        if (before === undefined) return
        leftOut = before
        method.apply(this, args)
      },
    },
  }
  return pino(options, to)
}
