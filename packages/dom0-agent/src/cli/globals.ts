import { DEADLINE_MS_MAX, isCommandId } from '@stubdom/protocol'
import { type Command, InvalidArgumentError } from 'commander'

/** Options of every command; they may stand before and after its name. */
export interface Globals {
  readonly json?: boolean
  /** Seconds. */
  readonly timeout?: number
  readonly id?: string
  readonly verbose?: boolean
  readonly xenstore?: string
}

export function addGlobals(program: Command): void {
  program
    .option('--json', 'print exactly one JSON document on stdout, of failures too')
    .option('--timeout <seconds>', 'how long the command may take (default: 30, queries 5)', seconds)
    .option('--id <id>', 'ask what became of an earlier command: the same command line, and its id', id)
    .option('--verbose', 'log to stderr')
    .option('--xenstore <path>', 'xenstored’s socket (default: XENSTORED_PATH, or where Xen has it)')
}

function seconds(text: string): number {
  const value = Number(text)
  const max = DEADLINE_MS_MAX / 1_000
  if (/^\d*\.?\d+$/.test(text) && value >= 0.001 && value <= max) return value
  throw new InvalidArgumentError(`It must be a number of seconds, 0.001 to ${max}.`)
}

function id(text: string): string {
  if (isCommandId(text)) return text
  throw new InvalidArgumentError('An id has 8 characters, a dash and up to 7 more, as it was printed.')
}
