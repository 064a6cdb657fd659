import type { PendingResponse, StateChannelName } from '@stubdom/protocol'

/** A state that is to go to a stubdomain, with what it must arrive as. */
export interface State {
  readonly content: Buffer
  readonly sha256: string
}

/** How a state gets from dom0 to the stubdomain. */
export interface RestoreChannel {
  /** Its name in the protocol. */
  readonly name: StateChannelName
  /** Whether this state can go by it. */
  fits(state: State): Promise<boolean>
  /** To be called before the agent is asked. @throws RestoreChannelError */
  begin(id: string, state: State): Promise<Departure>
}

/** A state that goes. */
export interface Departure {
  /** The state as it stands in the request. */
  readonly data?: string
  /** What went wrong on dom0’s side, if anything did. */
  readonly failure?: Error | undefined
  /** The agent tells how far it is. */
  onPending?(response: PendingResponse): void
  /** What was put somewhere for the agent goes. */
  end(): Promise<void>
}

/** dom0’s part of a channel cannot be used. */
export class RestoreChannelError extends Error {
  override readonly name = 'RestoreChannelError'
}
