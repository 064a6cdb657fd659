import type { ExitPolicy } from './options.ts'
import type { Exit } from './program.ts'

/** A QEMU that lasted so long, in milliseconds, had started well: what comes after is counted anew. */
const LASTED_MS = 60_000
/** Crashes in a row after which QEMU is not started again. */
const RESTARTS_MAX = 5
/** Milliseconds. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/** What happens after QEMU's end; `says` goes on from "QEMU ended with …". */
export type NextStep =
  | { readonly do: 'end'; readonly code: number; readonly says: string }
  | { readonly do: 'stay'; readonly says: string }
  | { readonly do: 'restart'; readonly afterMs: number; readonly says: string }

/** Decides what happens after QEMU's end, and remembers how often it was started. */
export class Restarts {
  readonly #policy: ExitPolicy
  #inARow = 0

  constructor(policy: ExitPolicy) {
    this.#policy = policy
  }

  /**
   * @param ranMs how long it ran
   * @param restoring it was to restore a state: that has been read, and a device model without it would be another one
   */
  after(exit: Exit, ranMs: number, restoring: boolean): NextStep {
    // A guest that shut down (without -no-shutdown), `quit` and SIGTERM: QEMU ended because it was told to.
    const orderly = exit.code === 0
    switch (this.#policy) {
      case 'stay':
        return { do: 'stay', says: 'it is not started again (--on-qemu-exit=stay)' }
      case 'exit':
        return { do: 'end', code: orderly ? 0 : 3, says: 'the agent ends too (--on-qemu-exit=exit)' }
      case 'restart':
        return orderly
          ? { do: 'end', code: 0, says: 'the agent ends too: it was no crash' }
          : this.#afterCrash(ranMs, restoring)
    }
  }

  #afterCrash(ranMs: number, restoring: boolean): NextStep {
    if (restoring) return { do: 'stay', says: 'it is not started again: the state that it restored is used up' }
    this.#inARow = ranMs >= LASTED_MS ? 1 : this.#inARow + 1
    if (this.#inARow > RESTARTS_MAX)
      return { do: 'stay', says: `it is not started again after ${RESTARTS_MAX} times in a row` }
    const afterMs = Math.min(FIRST_PAUSE_MS * 2 ** (this.#inARow - 1), LONGEST_PAUSE_MS)
    return { do: 'restart', afterMs, says: `it is started again in ${afterMs} ms (${this.#inARow} of ${RESTARTS_MAX})` }
  }
}
