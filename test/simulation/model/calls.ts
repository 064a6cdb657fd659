import type { SimProcess } from '../engine/clock.ts'
import type { PlannedCommand } from '../plan/step.ts'

/** A command as it is given to the library. */
export interface Order {
  readonly guest: number
  readonly command: PlannedCommand
  readonly deadlineMs: number
  readonly graceMs: number
  readonly cancelAfterMs?: number
  /** The call whose id is picked up. */
  readonly pickUp?: CallRecord
}

/** What a caller was told. `fault`: something that the library never rejects with. */
export type Ending =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'not-done' | 'partly' | 'unknown' | 'fault'; readonly code: string; readonly message: string }

/** One call and what became of it. */
export interface CallRecord {
  readonly order: Order
  readonly id: string
  readonly process: SimProcess
  /** The domid that was found for the guest. */
  readonly stubdomain: number
  readonly givenAt: number
  ending: Ending | undefined
  endedAt: number | undefined
}
