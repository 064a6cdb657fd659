import type { CommandName } from '@stubdom/protocol'
import type { Outcome } from './outcome.ts'

/** What a command does at each step of its way when a process dies there. */
export interface Matrix {
  readonly command: CommandName
  /** Of `stubdomctl`, behind the command; `FILE` stands for the file that a state is saved to, `STATE` for one that QEMU saved before. */
  readonly args: readonly string[]
  /** How the device model is before. */
  readonly before: { readonly attached: boolean; readonly running: boolean; readonly waiting?: true }
  /** How it is when the command was done. */
  readonly effect: {
    readonly attached?: boolean
    readonly running?: boolean
    readonly saved?: boolean
    readonly restored?: boolean
  }
  /** QEMU’s commands that have an effect: none of them may be given twice. */
  readonly once: readonly string[]
  /** How the agent’s steps begin of which it is chance how often they come. */
  readonly chance?: readonly string[]
  /** The steps in dom0, in their order. */
  readonly dom0: readonly (readonly [step: string, dom0Dies: Outcome])[]
  /** The steps in the agent, in their order. */
  readonly agent: readonly (readonly [step: string, agentDies: Outcome, qemuDies: Outcome])[]
  /** A second agent dies while it finds out what became of what the first one left; a third one does it then. */
  readonly recovery: readonly (readonly [firstDies: string, secondDies: string, outcome: Outcome])[]
}

/** Steps that come after the caller had the answer. */
export const COLLECTING: ReadonlySet<string> = new Set([
  'answer collected',
  'state discarded',
  'answer removal sent',
  'answer removed',
])

/** The file that a state is saved to, where it stands among arguments. */
export const FILE = 'FILE'

/** A state to restore, where it stands among arguments. */
export const STATE = 'STATE'
