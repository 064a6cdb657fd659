import type { Command } from 'commander'
import type { Context } from '../context.ts'

export interface PlumbFlags {
  readonly plumb?: boolean
  readonly plumbHelper?: string
}

/** What hot-plugging commands can do of the toolstack's work. */
export function addPlumbFlags(command: Command): Command {
  return command
    .option('--plumb', 'do the toolstack’s part as well: pciback, permissions, assignment')
    .option('--plumb-helper <program>', 'makes the hypercalls (default: STUBDOM_PLUMB, or stubdom-plumb in PATH)')
}

/** How the library is to be connected for them. */
export function plumbSettings({ env }: Context, { plumbHelper }: PlumbFlags): { plumbHelper: string | undefined } {
  return { plumbHelper: plumbHelper || env['STUBDOM_PLUMB'] || undefined }
}
