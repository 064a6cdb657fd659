import type { Daemon } from '@stubdom/test-xenstored'

/** What is wanted of a value: that it is at most, or at least, so much. */
export interface Goal {
  readonly sense: '≤' | '≥'
  readonly bound: number
}

export const atMost = (bound: number): Goal => ({ sense: '≤', bound })
export const atLeast = (bound: number): Goal => ({ sense: '≥', bound })

/** One line of the table. */
export interface Row {
  readonly name: string
  readonly daemon: Daemon
  /** undefined: it could not be measured; `detail` says why. */
  readonly value: number | undefined
  /** undefined: it is only reported. */
  readonly goal: Goal | undefined
  /** What the value was made from. */
  readonly detail: string
}

/** Whether the goal is met; undefined without a goal or a value. */
export function isMet({ value, goal }: Row): boolean | undefined {
  if (value === undefined || goal === undefined) return undefined
  return goal.sense === '≤' ? value <= goal.bound : value >= goal.bound
}
