/** What a crash leads to, once the process that died is there again. */
export interface Outcome {
  /** In the tests' names and in docs/crashes.md. */
  readonly text: string
  /** What the answer holds, of `stubdomctl --json`; one of these. Empty: there is none, since nobody was asked. */
  readonly answers: readonly object[]
  /**
   * How the device model is then: `there`, the command's effect stands; `absent`, it does not; `as-answered`, it stands if the answer is that it was done;
   * `comes`, the guest was asked and will see to it; `open`, it may or may not, unless the answer is that it was done; `lost`, whatever there was ended with QEMU.
   */
  readonly effect: 'there' | 'absent' | 'as-answered' | 'comes' | 'open' | 'lost'
}

const done = { ok: true, exitCode: 0 }
const failed = (code: string, outcome: string) => ({ ok: false, exitCode: 1, error: { code, outcome } })
const interrupted = failed('interrupted', 'not-done')
const partly = failed('interrupted', 'partly')
const gone = failed('qemu-gone', 'not-done')

export const DONE: Outcome = { text: 'done', answers: [done], effect: 'there' }

/** The agent died before its claim: the next one knows nothing of the command and says so. */
export const STALE: Outcome = {
  text: 'not done (`stale-epoch`)',
  answers: [failed('stale-epoch', 'not-done')],
  effect: 'absent',
}

export const INTERRUPTED: Outcome = { text: 'not done (`interrupted`)', answers: [interrupted], effect: 'absent' }

/** QEMU may or may not have read what was written just before the kill. */
export const AS_QEMU_HAS_IT: Outcome = {
  text: 'done or not done, as QEMU has it',
  answers: [done, interrupted],
  effect: 'as-answered',
}

/** A detach of which it is not known whether the guest was asked. */
export const STILL_THERE: Outcome = {
  text: '`partly`: the device is there, the guest may have been asked',
  answers: [partly],
  effect: 'absent',
}
export const MAYBE_ASKED: Outcome = {
  text: 'done, or `partly`: the guest may have been asked',
  answers: [done, partly],
  effect: 'open',
}
export const ASKED: Outcome = {
  text: 'done, or `partly` if the guest has not answered yet; then it does',
  answers: [done, partly],
  effect: 'comes',
}

/** A restore that was interrupted when QEMU may have had some of the state: the device model must be started anew. */
export const NOTHING_LOADED: Outcome = {
  text: '`partly`: the device model still waits, and must be started anew',
  answers: [partly],
  effect: 'absent',
}
/** A QEMU whose state ends too early ends itself. */
export const LOAD_BROKEN: Outcome = {
  text: '`partly`: QEMU has ended, since its state did',
  answers: [partly],
  effect: 'lost',
}
export const LOADED: Outcome = {
  text: '`partly`: the device model runs with it, and must be started anew',
  answers: [partly],
  effect: 'there',
}

export const QEMU_GONE: Outcome = { text: 'not done (`qemu-gone`)', answers: [gone], effect: 'lost' }
export const DONE_AND_LOST: Outcome = { text: 'done; it ended with QEMU', answers: [done], effect: 'lost' }
/** QEMU’s reply may have come before its end. */
export const DONE_OR_GONE: Outcome = {
  text: 'done or not done (`qemu-gone`); it ended with QEMU',
  answers: [done, gone],
  effect: 'lost',
}

/** Nothing was asked of anybody; the command given again is done. */
export const NEVER_ASKED: Outcome = { text: 'nothing was asked; given again: done', answers: [], effect: 'there' }

/** The request is gone, and with it the answer; what became of it is to be looked up. */
export const EXPIRED: Outcome = {
  text: 'done; the answer was collected (`expired`)',
  answers: [{ ok: false, exitCode: 3, error: { code: 'expired', outcome: 'unknown' } }],
  effect: 'there',
}

/** C xenstored drops what a process has sent and it has not read when that process ends. Source: Xen 4.17, tools/xenstore/xenstored_core.c (socket_can_process). */
export const MAYBE_LOST: Outcome = {
  text: 'done, or nothing was asked; given again: done',
  answers: [done],
  effect: 'there',
}
export const MAYBE_COLLECTED: Outcome = {
  text: 'done; the answer is still there, or was collected (`expired`)',
  answers: [done, ...EXPIRED.answers],
  effect: 'there',
}
