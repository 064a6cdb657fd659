import { printable } from '@stubdom/protocol'
import { type Logger, SILENT } from './logger.ts'

/** Lines that one stubdomain may cause at once, and a second (XSA-180: a log that a guest can fill is a guest's disk). */
const LINES_MAX = 500
const LINES_PER_SECOND = 20

const TEXT_MAX = 512
const FIELDS_MAX = 32
const DEPTH_MAX = 4

/** Fields whose values never reach a log, at any depth. */
const SECRET = /pass(word|wd|phrase)|secret|token|credential/i

/**
 * What one stubdomain causes to be logged: within a rate, with texts printable and cut, and without secrets. Lines that are left out are counted, and the count
 * stands in the next line.
 */
export function guardedLogger(logger: Logger): Logger {
  if (logger === SILENT) return SILENT
  return guard(logger, new LineBudget())
}

class LineBudget {
  #left = LINES_MAX
  #at = performance.now()
  #leftOut = 0

  /** The lines that were left out before this one; undefined when this one is to be left out, too. */
  spend(): number | undefined {
    const now = performance.now()
    this.#left = Math.min(LINES_MAX, this.#left + ((now - this.#at) * LINES_PER_SECOND) / 1_000)
    this.#at = now
    if (this.#left < 1) {
      this.#leftOut++
      return undefined
    }
    this.#left -= 1
    const before = this.#leftOut
    this.#leftOut = 0
    return before
  }
}

function guard(logger: Logger, budget: LineBudget): Logger {
  const line =
    (level: 'debug' | 'warn') =>
    (fields: object, message: string): void => {
      const leftOut = budget.spend()
      if (leftOut === undefined) return
      const shown = shownFields(fields)
      logger[level](leftOut > 0 ? { ...shown, linesLeftOut: leftOut } : shown, printable(message, TEXT_MAX))
    }
  return {
    debug: line('debug'),
    warn: line('warn'),
    child: fields => guard(logger.child(shownFields(fields)), budget),
  }
}

function shownFields(fields: object): object {
  return shown(fields, 0) as object
}

function shown(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return printable(value, TEXT_MAX)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return { type: value.name, message: printable(value.message, TEXT_MAX) }
  if (depth >= DEPTH_MAX) return '…'
  if (Array.isArray(value)) return value.slice(0, FIELDS_MAX).map(item => shown(item, depth + 1))
  const entries = Object.entries(value).slice(0, FIELDS_MAX)
  return Object.fromEntries(
    entries.map(([key, item]) => [printable(key, 64), SECRET.test(key) ? '[secret]' : shown(item, depth + 1)]),
  )
}
