import type { StateChannelName } from '@stubdom/protocol'

/** What makes a state what it is: so many bytes, with that SHA-256 (64 hexadecimal digits). */
export interface StateMeasure {
  readonly bytes: number
  readonly sha256: string
}

/** A state on its way through the agent. */
export interface StateFile {
  /** Where another process of this machine opens it. */
  readonly path: string
  write(piece: Uint8Array): Promise<void>
  /** All that stands in it, counted and hashed. */
  measure(): Promise<StateMeasure>
  /** Each piece is only good until the next one. */
  pieces(): AsyncIterable<Buffer>
  /** Then it is gone. */
  close(): Promise<void>
}

/** Somebody who watches a state move. */
export interface Follower {
  /** Aborts when nobody will want the state any more. */
  readonly signal: AbortSignal
  progress(done: number, total: number): void
}

/** What dom0 is told beside the state’s measure. */
export interface Sent {
  /** The state itself. */
  readonly data?: string
}

/** A way from the stubdomain to dom0. */
export interface SaveChannel {
  readonly name: StateChannelName
  /** Whether it can be used, before the device model is stopped for it. Rejects with a CommandFailure. */
  check(): Promise<void>
  /** undefined: this state is too large for it. Rejects with a CommandFailure. */
  send(id: string, state: StateFile, measure: StateMeasure, follower: Follower): Promise<Sent | undefined>
}

/** A way from dom0 to the stubdomain. */
export interface RestoreChannel {
  readonly name: StateChannelName
  /** Takes no more than was announced, plus what shows that it was more. Rejects with a CommandFailure. */
  receive(id: string, announced: StateMeasure & Sent, into: StateFile, follower: Follower): Promise<void>
}

/** The ways that this agent has, and what they need. */
export interface StateChannels {
  readonly saving: readonly SaveChannel[]
  readonly restoring: readonly RestoreChannel[]
  newFile(): Promise<StateFile>
  /** Where QEMU is to listen for the state that it restores by a command. */
  socketPath(id: string): string
  /** Gives QEMU, which listens there, the state, until `signal` aborts: whether QEMU has all of it, only QEMU can tell. */
  feed(socketPath: string, state: StateFile, signal: AbortSignal): Promise<void>
  /** Nobody will want what was kept for a command (any more), nor the socket of it. */
  discard(id: string): Promise<void>
  /** At start: what an earlier agent kept for ids that nobody asks for any more. */
  sweep(wanted: ReadonlySet<string>): Promise<void>
}
