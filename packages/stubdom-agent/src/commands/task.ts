import type { InFlight } from '@stubdom/protocol'
import type { Arrivals } from '../pci/arrivals.ts'
import type { Removals } from '../pci/removals.ts'
import type { Turn } from '../pci/turn.ts'
import type { StateChannels } from '../save/channel.ts'

/** What a handler works with: no Node, no Xenstore, no monitor's connection. */
export interface Task {
  readonly id: string
  /** Aborts when the requester takes the command back in time, when nobody waits any more, or when the agent stops. */
  readonly signal: AbortSignal
  readonly qemu: Qemu
  readonly removals: Removals
  /** Attaching and detaching, by us and by xl: one at a time for the guest. */
  readonly turn: Turn
  /** undefined: devices are emulated, and here at once. */
  readonly arrivals: Arrivals | undefined
  /** The QEMU device that a passed-through device becomes. */
  readonly driver: string
  readonly states: StateChannels
  readonly agent: AgentFacts
  /** Milliseconds until the requester stops waiting. */
  remainingMs(): number
  /** To be called before QEMU is told anything that has an effect. @throws CommandCancelled when the requester was faster */
  commit(): void
  /** Publishes how far the command has come. Resolves with whether it stands in Xenstore, where a later agent finds it. */
  stage(stage: string, progress?: { done: number; total?: number }): Promise<boolean>
  /** QEMU took the command; the rest depends on the guest. */
  accepted(): void
}

/** QEMU as a handler sees it. */
export interface Qemu {
  readonly version: string
  /** One command, in its turn. Rejects with QmpCommandError when QEMU says no, QmpConnectionError when it is gone. */
  execute(command: string, args?: Record<string, unknown>): Promise<unknown>
}

/** What the agent knows of itself. */
export interface AgentFacts {
  readonly version: string
  readonly window: number
  /** Milliseconds since the agent started. */
  uptimeMs(): number
  inFlight(): readonly InFlight[]
}
