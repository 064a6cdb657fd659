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
  /**
   * To be called before the agent is asked.
   * @param pickUp the agent was asked before: the state is on its way or there, or will not get there any more
   * @throws RestoreChannelError, also when this state is too large for it
   */
  begin(id: string, state: State, pickUp: boolean): Promise<Departure>
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
