/**
 * The steps on a command's way through the agent at which the crash tests end a process. Those of QEMU's commands are said together with the command's
 * name: `device_add sent`.
 */
export type AgentStep =
  | 'request read'
  | 'claim sent'
  | 'claim acknowledged'
  /** Before QEMU is told, with what it was told under way, with its reply in hand. */
  | 'unsent'
  | 'sent'
  | 'answered'
  /** A response that is not final yet stands: `stage`, `accepted` or `overdue`. */
  | 'progress written'
  | 'state written'
  | 'state offered'
  /** A state to restore is here, and whole. */
  | 'state received'
  /** QEMU was given some of it, by a socket. */
  | 'piece given'
  /** QEMU says that it has all of it. */
  | 'state loaded'
  /** The end is known here, and to nobody else. */
  | 'outcome known'
  | 'answer sent'
  | 'answer written'
  /** The request is gone. */
  | 'answer collected'
  | 'state discarded'
  | 'answer removal sent'
  | 'answer removed'
  /** What an earlier agent left is about to be looked into; it is known what became of it. */
  | 'reconciling'
  | 'reconciled'

/**
 * Names a step. It does nothing, and no bundle that ships has anything of it: the crash tests build programs of their own with another module in this
 * one's place (test/crash/programs).
 * @param _about the command's key, or the name of QEMU's command
 */
export function reached(_step: AgentStep, _about?: string | { readonly id: string }): void {}
