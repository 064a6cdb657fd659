import type { Tally } from './tally.ts'

/** What the soak tells its dom0 process, over Node's IPC channel. */
export type ToDom0 =
  /** All lanes go on. */
  | { readonly kind: 'work' }
  /** No lane begins anything more; answered with `resting` when the last command has ended. */
  | { readonly kind: 'rest' }
  /** Close everything and exit. */
  | { readonly kind: 'end' }

/** What the dom0 process says of itself when nothing is under way in it. */
export interface Resting {
  readonly kind: 'resting'
  /** Of everything since it last rested. */
  readonly tally: Tally
  /** Bytes in use after a collection. */
  readonly heapBytes: number
  /** By the guests' names: the qdev ids that the agent lists; undefined where it gave no answer. */
  readonly devices: Readonly<Record<string, readonly string[] | undefined>>
}

/** How the dom0 process is told what to do; one argument, as JSON. */
export interface Dom0Settings {
  readonly xenstore: string
  readonly domains: readonly string[]
  /** For the files that states are saved to. */
  readonly directory: string
  /** Through which they come. */
  readonly saveDirectory: string
  readonly seed: number
}
