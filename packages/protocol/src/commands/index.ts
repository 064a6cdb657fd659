import type * as z from 'zod/mini'
import type { CommandDefinition } from './command.ts'
import { dmCont } from './dm-cont.ts'
import { dmStop } from './dm-stop.ts'
import { pciAttach } from './pci-attach.ts'
import { pciDetach } from './pci-detach.ts'
import { pciList } from './pci-list.ts'
import { ping } from './ping.ts'
import { restoreState } from './restore-state.ts'
import { saveState } from './save-state.ts'
import { status } from './status.ts'

/** Every command of the protocol by its name. */
export const COMMANDS = {
  [ping.name]: ping,
  [status.name]: status,
  [pciAttach.name]: pciAttach,
  [pciDetach.name]: pciDetach,
  [pciList.name]: pciList,
  [dmStop.name]: dmStop,
  [dmCont.name]: dmCont,
  [saveState.name]: saveState,
  [restoreState.name]: restoreState,
} as const

export type CommandName = keyof typeof COMMANDS
export type CommandArgs<N extends CommandName> = z.output<(typeof COMMANDS)[N]['args']>
export type CommandResult<N extends CommandName> = z.output<(typeof COMMANDS)[N]['result']>

export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[]

/** The definition of a command by any name; undefined for one that this version does not have. */
export function commandDefinition(name: string): CommandDefinition | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name as CommandName] : undefined
}
