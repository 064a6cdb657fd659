import type { CommandResult, Hello } from '@stubdom/protocol'
import { CommandFailedError } from '../errors.ts'
import { type SaveChannel, SaveChannelError } from './channel.ts'
import type { SaveTarget } from './target.ts'

/** How states come from stubdomains, and where they go to. */
export interface Saving {
  readonly channel: SaveChannel
  /** Checks that the file can be written. @throws SaveTargetError */
  target(file: string): Promise<Pick<SaveTarget, 'store'>>
}

/** Refuses an agent that does not have the channel. */
export function checkChannel(id: string, channel: SaveChannel, hello: Hello): void {
  if (hello.channels.includes(channel.name)) return
  const message = `the agent cannot hand a state over by ${channel.name}; it offers ${hello.channels.join(', ') || 'nothing'}`
  const remedy = 'configure the same save directory on both sides'
  throw new CommandFailedError({ id, code: 'unsupported', outcome: 'not-done', message }, { remedy })
}

/** Brings the state that a command left to where it shall be. */
export async function collectState(
  id: string,
  channel: SaveChannel,
  target: Pick<SaveTarget, 'store'>,
  { bytes, sha256, runState }: CommandResult<'save-state'>,
): Promise<void> {
  try {
    await target.store(await channel.open(id, bytes), { bytes, sha256 })
  } catch (cause) {
    if (!(cause instanceof SaveChannelError)) throw cause
    const message = `the device model saved its state, but it did not arrive: ${cause.message}; the device model is ${runState}`
    const remedy = 'see that both sides are configured with the same save directory'
    throw new CommandFailedError({ id, code: 'save-failed', outcome: 'partly', message }, { cause, remedy })
  }
}
