import type { CommandArgs } from '@stubdom/protocol'

/**
 * How a saved state comes from the stubdomain to dom0. Both sides are configured alike; nothing that the stubdomain says decides where
 * dom0 reads.
 */
export interface SaveChannel {
  /** Its name in the protocol. */
  readonly name: CommandArgs<'save-state'>['channel']
  /**
   * The state that a command left, in pieces: exactly `bytes` of them.
   * @throws SaveChannelError, also while the pieces are read
   */
  open(id: string, bytes: number): Promise<AsyncIterable<Uint8Array>>
}

/** What came out of a channel is not what the agent announced, or nothing came. */
export class SaveChannelError extends Error {
  override readonly name = 'SaveChannelError'
}

/** The most bytes of a device model's state; real ones have 12 to 40 KB. */
export const STATE_BYTES_MAX = 64 * 1024 * 1024
