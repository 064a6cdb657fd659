import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import { type CommandResult, STATE_BYTES_MAX } from '@stubdom/protocol'
import { type Arrival, type SaveChannel, SaveChannelError } from './channel.ts'

/** The state stands in the answer. */
export class XenstoreChannel implements SaveChannel {
  readonly name = 'xenstore'

  async listen(): Promise<Arrival> {
    return { take: inflated, end: () => Promise.resolve() }
  }
}

async function inflated({ data, bytes }: CommandResult<'save-state'>): Promise<AsyncIterable<Uint8Array>> {
  if (data === undefined) throw new SaveChannelError('the agent’s answer holds no state')
  if (bytes > STATE_BYTES_MAX) {
    throw new SaveChannelError(`the agent announced a state of ${bytes} bytes, the limit is ${STATE_BYTES_MAX}`)
  }
  try {
    // A few bytes can inflate to a thousand times as many: no more than was announced is even held.
    const state = await promisify(inflateRaw)(Buffer.from(data, 'base64'), { maxOutputLength: Math.max(1, bytes) })
    return onePiece(state)
  } catch (cause) {
    throw new SaveChannelError(`the state in the agent’s answer is broken: ${(cause as Error).message}`, { cause })
  }
}

async function* onePiece(piece: Uint8Array): AsyncGenerator<Uint8Array> {
  yield piece
}
