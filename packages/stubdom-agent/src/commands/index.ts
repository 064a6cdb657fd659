import type { CommandName } from '@stubdom/protocol'
import { dmCont } from './dm-cont.ts'
import { dmStop } from './dm-stop.ts'
import type { CommandHandler } from './handler.ts'
import { pciAttach } from './pci-attach.ts'
import { pciDetach } from './pci-detach.ts'
import { pciList } from './pci-list.ts'
import { ping } from './ping.ts'
import { restoreState } from './restore-state.ts'
import { saveState } from './save-state.ts'
import { status } from './status.ts'

/** Every command that this agent carries out. */
const HANDLERS: { readonly [N in CommandName]: CommandHandler<N> } = {
  ping,
  status,
  'pci-attach': pciAttach,
  'pci-detach': pciDetach,
  'pci-list': pciList,
  'dm-stop': dmStop,
  'dm-cont': dmCont,
  'save-state': saveState,
  'restore-state': restoreState,
}

/** The handler of a command by any name, without its types: arguments were checked against the command’s schema before. */
export function handlerOf(command: string): CommandHandler<CommandName> | undefined {
  return Object.hasOwn(HANDLERS, command)
    ? (HANDLERS[command as CommandName] as CommandHandler<CommandName>)
    : undefined
}
