import {
  CommandFailedError,
  MisbehavingError,
  NoAgentError,
  NoXenstoreError,
  OutcomeUnknownError,
  UsageError,
} from '../errors.ts'

/** What the program's exit code says. */
export const EXIT = { done: 0, failed: 1, usage: 2, unknown: 3, noAgent: 4, noXenstore: 5, misbehaving: 6 } as const

export const EXIT_CODES_HELP = `Exit codes:
  0  done
  1  failed or cancelled; the message says whether anything was done
  2  usage: the command line cannot be understood; nothing was done
  3  outcome unknown: no final answer came in time; pick it up again with --id
  4  no agent is there in the stubdomain; nothing was done
  5  no Xenstore
  6  the stubdomain misbehaves; the message says how, nothing that it said was believed`

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof OutcomeUnknownError) return EXIT.unknown
  if (error instanceof MisbehavingError) return EXIT.misbehaving
  if (error instanceof NoXenstoreError) return EXIT.noXenstore
  const noAgent = error instanceof NoAgentError || (error instanceof CommandFailedError && error.code === 'no-agent')
  return noAgent ? EXIT.noAgent : EXIT.failed
}
