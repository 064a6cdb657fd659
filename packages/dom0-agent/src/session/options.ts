import { COMMANDS, type CommandName, DEADLINE_MS_MAX, GRACE_MS_DEFAULT, isCommandId } from '@stubdom/protocol'
import { UsageError } from '../errors.ts'

/** How one command is to be given. */
export interface CommandOptions {
  /** Milliseconds until the command is called back; 30 s by default, 5 s for queries. */
  readonly timeoutMs?: number | undefined
  /** Milliseconds from then until it ends whatever happens; 2 s by default. */
  readonly graceMs?: number | undefined
  /** Aborting it cancels the command. */
  readonly signal?: AbortSignal | undefined
  /** Picks up the command that was given under this id: nothing is written, its outcome is only looked for. The arguments must be the same. */
  readonly id?: string | undefined
  /** Gives the command although the stubdomain counts as unresponsive. */
  readonly force?: boolean | undefined
}

const TIMEOUT_MS = 30_000
const QUERY_TIMEOUT_MS = 5_000

export interface Timing {
  readonly deadlineMs: number
  readonly graceMs: number
}

/** @throws UsageError */
export function timing(command: CommandName, options: CommandOptions): Timing {
  const {
    timeoutMs = COMMANDS[command].replay === 'repeatable' ? QUERY_TIMEOUT_MS : TIMEOUT_MS,
    graceMs = GRACE_MS_DEFAULT,
  } = options
  if (!(timeoutMs >= 1 && timeoutMs <= DEADLINE_MS_MAX)) {
    throw new UsageError(`the timeout must be 1 to ${DEADLINE_MS_MAX} ms, not ${timeoutMs}`)
  }
  if (!(graceMs >= 0 && graceMs <= DEADLINE_MS_MAX)) {
    throw new UsageError(`the grace must be 0 to ${DEADLINE_MS_MAX} ms, not ${graceMs}`)
  }
  return { deadlineMs: Math.round(timeoutMs), graceMs }
}

/** @throws UsageError */
export function checkId(id: string): string {
  if (isCommandId(id)) return id
  throw new UsageError(`${JSON.stringify(id)} is no command id`, {
    remedy: 'an id is printed with each command whose outcome is unknown: 8 characters, a dash, up to 7 more',
  })
}
