import type { Command } from 'commander'
import type { Act } from '../program.ts'
import { registerDmCont } from './dm-cont.ts'
import { registerDmStop } from './dm-stop.ts'
import { registerList } from './list.ts'
import { registerLs } from './ls.ts'
import { registerPciAttach } from './pci-attach.ts'
import { registerPciDetach } from './pci-detach.ts'
import { registerPciList } from './pci-list.ts'
import { registerPing } from './ping.ts'
import { registerRestoreState } from './restore-state.ts'
import { registerSaveState } from './save-state.ts'
import { registerStatus } from './status.ts'

/** In the order in which the help shows them. */
export function registerCommands(program: Command, act: Act): void {
  registerList(program, act)
  registerStatus(program, act)
  registerPing(program, act)
  registerPciAttach(program, act)
  registerPciDetach(program, act)
  registerPciList(program, act)
  registerDmStop(program, act)
  registerDmCont(program, act)
  registerSaveState(program, act)
  registerRestoreState(program, act)
  registerLs(program, act)
}
