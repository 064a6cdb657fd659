/** The steps on a command's way through dom0 at which the crash tests end the process. */
export type Dom0Step =
  /** A state to restore stands where the agent takes it from. */
  | 'state offered'
  | 'state removed'
  /** A file beside the target shows that it can be written. */
  | 'target probed'
  | 'request unsent'
  | 'request sent'
  | 'request written'
  | 'progress read'
  | 'cancel written'
  /** The verdict is known here; the request stands still. */
  | 'answer read'
  | 'state copied'
  | 'state stored'
  | 'request removal sent'
  | 'request removed'

/**
 * Names a step. It does nothing, and no bundle that ships has anything of it: the crash tests build programs of their own with another module in this
 * one's place (test/crash/programs).
 */
export function reached(_step: Dom0Step): void {}
