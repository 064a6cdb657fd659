import type { GuestMood } from '../model/device-model.ts'
import type { EventFaults } from '../model/faults.ts'

/** A command as a plan has it; `slot` is unique in a world, so that each attach can be recognised in QEMU. */
export type PlannedCommand =
  | { readonly command: 'ping' | 'status' | 'pci-list' | 'dm-stop' | 'dm-cont' }
  | { readonly command: 'save-state'; readonly resume: boolean }
  | { readonly command: 'pci-attach'; readonly bdf: string; readonly slot: number }
  | { readonly command: 'pci-detach'; readonly bdf: string }

interface Timing {
  readonly deadlineMs: number
  readonly graceMs: number
  readonly cancelAfterMs?: number
}

/** One thing that is made to happen. `process` and `pair` are indices. */
export type Action =
  | ({ readonly do: 'give'; readonly process: number; readonly pair: number } & PlannedCommand & Timing)
  /** The `call`-th call so far, counted from the newest. */
  | ({ readonly do: 'pick-up'; readonly process: number; readonly call: number } & Timing)
  | { readonly do: 'kill-dom0'; readonly process: number }
  | { readonly do: 'stop-dom0'; readonly process: number; readonly ms: number }
  | { readonly do: 'cut-dom0'; readonly process: number }
  | { readonly do: 'kill-agent'; readonly pair: number; readonly backAfterMs: number }
  | { readonly do: 'stop-agent'; readonly pair: number; readonly ms: number }
  | { readonly do: 'cut-agent'; readonly pair: number }
  | { readonly do: 'kill-qemu'; readonly pair: number; readonly backAfterMs: number }
  | { readonly do: 'stop-qemu'; readonly pair: number; readonly ms: number }
  | { readonly do: 'slow-qemu'; readonly pair: number; readonly effortMs: number; readonly ms: number }
  | { readonly do: 'lose-qemu-events'; readonly pair: number; readonly probability: number; readonly ms: number }
  | { readonly do: 'guest'; readonly pair: number; readonly mood: GuestMood; readonly deafMs: number }
  | { readonly do: 'disturb-watches'; readonly faults: EventFaults; readonly ms: number }
  | { readonly do: 'fill-quota'; readonly pair: number; readonly ms: number }
  | { readonly do: 'conflicts'; readonly ms: number }
  | { readonly do: 'stop-xenstored'; readonly ms: number }
  | { readonly do: 'restart-xenstored'; readonly backAfterMs: number; readonly domainsAfterMs: number }
  | { readonly do: 'destroy'; readonly pair: number; readonly clearUpAfterMs: number; readonly reuseAfterMs?: number }
  | { readonly do: 'set-clock'; readonly byMs: number }
  | { readonly do: 'spoil'; readonly pair: number; readonly how: Spoiling }

/** What a stubdomain may do to its own nodes. */
export type Spoiling = 'remove-hello' | 'remove-responses' | 'remove-all' | 'open-to-guest' | 'shut-out-dom0'

export type Step = { readonly at: number } & Action

/** Everything about a world that its seed decides at once; the rest is luck on the way, from the same seed. */
export interface Plan {
  readonly seed: number
  readonly pairs: number
  /** Nodes that a stubdomain may own. */
  readonly nodes: number
  readonly processes: readonly ('node' | 'directory')[]
  readonly steps: readonly Step[]
}
