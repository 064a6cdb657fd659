/** A promise that was not kept. */
export interface Violation {
  readonly promise: PromiseName
  readonly text: string
  /** Of the command that it is about. */
  readonly id?: string
}

/** What is promised: see docs/simulation.md. */
export type PromiseName = keyof typeof PROMISES

export const PROMISES = {
  once: 'no id is executed twice',
  order: 'commands for one device begin in the order in which the agent first read them',
  deadline: 'every call ends by its deadline and grace',
  truth: 'no answer contradicts the device model',
  agreement: 'all who are told how an id ended are told the same',
  unplug: 'an unplug is done when the device is gone, not before',
  claim: 'nothing is done to QEMU for a request that is not claimed',
  'nothing-left': 'no node, watch or file is left when all is quiet and the retention has passed',
  recovery: 'when nothing goes wrong any more, commands work',
  fault: 'no program ends by itself or meets a fault of its own',
} as const
