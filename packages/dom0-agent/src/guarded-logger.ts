import { LineBudget, loggable, printable } from '@stubdom/protocol'
import { type Logger, SILENT } from './logger.ts'

/** Lines that one stubdomain may cause at once, and a second. */
const LINES_MAX = 500
const LINES_PER_SECOND = 20

/** What one stubdomain causes to be logged: within a rate, and fit to be read. How many lines were left out stands in the next one. */
export function guardedLogger(logger: Logger): Logger {
  if (logger === SILENT) return SILENT
  return guard(logger, new LineBudget(LINES_MAX, LINES_PER_SECOND))
}

function guard(logger: Logger, budget: LineBudget): Logger {
  const line =
    (level: 'debug' | 'warn') =>
    (fields: object, message: string): void => {
      const leftOut = budget.spend(performance.now())
      if (leftOut === undefined) return
      logger[level]({ ...loggable(fields), ...(leftOut > 0 ? { leftOut } : {}) }, printable(message))
    }
  return { debug: line('debug'), warn: line('warn'), child: fields => guard(logger.child(loggable(fields)), budget) }
}
