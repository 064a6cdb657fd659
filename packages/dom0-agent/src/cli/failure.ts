import { printable } from '@stubdom/protocol'
import {
  CommandCancelledError,
  CommandFailedError,
  Dom0Error,
  MisbehavingError,
  OutcomeUnknownError,
  PlumbingError,
  SaveTargetError,
} from '../errors.ts'
import { exitCodeOf } from './exit-codes.ts'
import { pickUpLine } from './pick-up.ts'

/** What a failure leaves behind, as far as that is known. */
type Outcome = 'not-done' | 'partly' | 'unknown'

/** Verdicts without an answer under which no later one will be found, or none to be believed. */
const CLOSED: ReadonlySet<string> = new Set(['expired', 'conflict', 'misbehaving'])

/** How a run of the program failed: for a person and for a program. */
export interface Failure {
  readonly exitCode: number
  /** `stubdomctl: <what>: <why>`, and lines that say what can be done. */
  readonly text: string
  readonly json: object
}

/**
 * @param what was tried: `pci-attach hvm1`
 * @param argv the program's arguments, for the command line that picks an unknown outcome up again
 */
export function failureOf(error: unknown, what: string, argv: readonly string[]): Failure {
  const exitCode = exitCodeOf(error)
  const { code, message, outcome, id, stage, remedy, why } = facts(error)
  const isOpen = outcome === 'unknown' && id !== undefined && !CLOSED.has(code)
  const pickUp = isOpen ? pickUpLine(argv, id) : undefined
  const lines = [
    `${['stubdomctl', what].filter(Boolean).join(': ')}: ${outcome === 'unknown' ? 'outcome unknown: ' : ''}${message}`,
    stage && `  it had come to: ${stage}`,
    outcome === 'partly' && '  it was done in part',
    remedy && `  ${remedy}`,
    pickUp && `  its id is ${id}; ask again what became of it with:\n  ${pickUp}`,
  ]
  return {
    exitCode,
    text: lines.filter(Boolean).join('\n'),
    json: {
      ok: false,
      error: { code, message, outcome, ...optional({ id, stage, remedy, pickUp, misbehaves: why }) },
      exitCode,
    },
  }
}

/** Of a stack. */
const TRACE_LINES = 20

interface Facts {
  readonly code: string
  readonly message: string
  readonly outcome: Outcome
  readonly id?: string | undefined
  readonly stage?: string | undefined
  readonly remedy?: string | undefined
  /** What the stubdomain did, where that is why. */
  readonly why?: string | undefined
}

function facts(error: unknown): Facts {
  if (!(error instanceof Dom0Error)) {
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const message = trace
      .split('\n', TRACE_LINES)
      .map(line => printable(line))
      .join('\n')
    return { code: 'internal', message, outcome: 'unknown', remedy: 'this is a fault of stubdomctl: please report it' }
  }
  const { code, remedy } = error
  const message = printable(error.message, 1_000)
  if (error instanceof CommandFailedError) {
    return { code, message, outcome: error.outcome, id: error.id, stage: error.stage, remedy }
  }
  if (error instanceof OutcomeUnknownError) return { code, message, outcome: 'unknown', id: error.id, remedy }
  if (error instanceof PlumbingError) return { code, message, outcome: error.outcome, stage: error.step, remedy }
  if (error instanceof MisbehavingError) {
    return { code, message, outcome: error.outcome, id: error.id, remedy, why: error.why }
  }
  if (error instanceof CommandCancelledError) return { code, message, outcome: 'not-done', id: error.id, remedy }
  return { code, message, outcome: error instanceof SaveTargetError ? error.outcome : 'not-done', remedy }
}

function optional(fields: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
