import type * as z from 'zod/mini'

/**
 * What may happen to a command whose agent died while it worked on it:
 * - `repeatable`: a query; running it again is harmless.
 * - `reconcilable`: QEMU can be asked whether it took effect; it is never run again.
 * - `once`: QEMU cannot be asked; the truth is that it was interrupted.
 */
export type ReplayClass = 'repeatable' | 'reconcilable' | 'once'

/** A command of the protocol: everything that both sides must agree on, and nothing of how it is done. */
export interface CommandDefinition<
  Name extends string = string,
  Args extends z.ZodMiniType = z.ZodMiniType,
  Result extends z.ZodMiniType = z.ZodMiniType,
> {
  readonly name: Name
  /** One line, for `--help` and the documentation. */
  readonly summary: string
  readonly args: Args
  readonly result: Result
  readonly replay: ReplayClass
  /** What its answer tells of goes when the answer is collected: who asks later is not told so again. */
  readonly answersOnce?: true
  /**
   * What the command changes. Commands that name the same thing run one after the other; {@link EVERYTHING} excludes all that change something.
   * Queries name nothing.
   */
  readonly touches: (args: z.output<Args>) => readonly string[]
}

/** In {@link CommandDefinition.touches}: the command must be alone among those that change something. */
export const EVERYTHING = '*'

/** Keeps the literal types of a definition. */
export function defineCommand<Name extends string, Args extends z.ZodMiniType, Result extends z.ZodMiniType>(
  definition: CommandDefinition<Name, Args, Result>,
): CommandDefinition<Name, Args, Result> {
  return definition
}
