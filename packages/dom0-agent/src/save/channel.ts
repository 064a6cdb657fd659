import type { CommandResult, StateChannelName } from '@stubdom/protocol'

/**
 * How a saved state comes from the stubdomain to dom0. Both sides are configured alike; nothing that the stubdomain says decides where
 * dom0 reads.
 */
export interface SaveChannel {
  /** Its name in the protocol. */
  readonly name: StateChannelName
  /**
   * To be called before the agent is asked: from then on nothing of the state is missed.
   * @param pickUp the agent was asked before
   */
  listen(id: string, pickUp: boolean): Promise<Arrival>
}

/** A state that comes, or will. */
export interface Arrival {
  /**
   * The state of which the agent said that it is on its way, in pieces: exactly as many bytes as it announced.
   * @throws SaveChannelError, also while the pieces are read
   */
  take(announced: CommandResult<'save-state'>): Promise<AsyncIterable<Uint8Array>>
  /** Nothing more is wanted. */
  end(): Promise<void>
}

/** What came out of a channel is not what the agent announced, or nothing came. */
export class SaveChannelError extends Error {
  override readonly name = 'SaveChannelError'
}
