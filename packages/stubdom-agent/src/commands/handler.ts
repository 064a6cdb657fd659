import type { CommandArgs, CommandName, CommandResult } from '@stubdom/protocol'
import type { Task } from './task.ts'

/** What a handler found out about a command that an earlier agent left. */
export type Reconciliation<R> =
  | { readonly found: 'done'; readonly result: R }
  /** QEMU shows no trace of it, and it will not happen any more. */
  | { readonly found: 'not-done'; readonly message: string }
  /** Part of it may have happened. */
  | { readonly found: 'partly'; readonly message: string }

/** What the agent remembers of a command whose earlier agent died. */
export interface LeftBehind {
  /** The last stage that was published. */
  readonly stage: string | undefined
  /** QEMU had taken it. */
  readonly accepted: boolean
}

/** How one command is done with QMP. One file each. */
export interface CommandHandler<N extends CommandName> {
  /** Rejects with a CommandFailure that says why. */
  run(args: CommandArgs<N>, task: Task): Promise<CommandResult<N>>
  /** Finds out what became of the command; never does it again. Repeatable commands need none. */
  reconcile?(args: CommandArgs<N>, task: Task, left: LeftBehind): Promise<Reconciliation<CommandResult<N>>>
  /** The answer was collected, or nobody will collect it: what was kept for dom0 may go. */
  collected?(id: string, task: Pick<Task, 'states'>): Promise<void>
  /** It was done, and nobody will ever read so: what was done for the reader’s sake is undone. */
  unanswered?(result: CommandResult<N>, task: Pick<Task, 'qemu'>): Promise<void>
}
