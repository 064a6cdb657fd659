import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { STATE_TEXT_MAX } from '@stubdom/protocol'
import { CommandFailure } from '../commands/failure.ts'
import type { Follower, RestoreChannel, SaveChannel, Sent, StateFile, StateMeasure } from './channel.ts'

/** What deflate can make small enough for a message: about a thousandth, at best (zlib’s technical notes). More need not be tried. */
const BYTES_MAX = STATE_TEXT_MAX * 1_000

/** States in the messages themselves: nothing is needed but Xenstore. */
export class XenstoreChannel implements SaveChannel, RestoreChannel {
  readonly name = 'xenstore'

  check(): Promise<void> {
    return Promise.resolve()
  }

  async send(
    _id: string,
    state: StateFile,
    { bytes }: StateMeasure,
    { progress }: Follower,
  ): Promise<Sent | undefined> {
    if (bytes > BYTES_MAX) return undefined
    const pieces: Buffer[] = []
    for await (const piece of state.pieces()) pieces.push(Buffer.from(piece))
    const data = (await promisify(deflateRaw)(Buffer.concat(pieces))).toString('base64')
    if (data.length > STATE_TEXT_MAX) return undefined
    progress(bytes, bytes)
    return { data }
  }

  async receive(
    _id: string,
    { bytes, data }: StateMeasure & Sent,
    into: StateFile,
    { progress }: Follower,
  ): Promise<void> {
    if (data === undefined) throw new CommandFailure('bad-request', 'args.data is missing: it is the state')
    try {
      // What inflates to more than was announced is not even held.
      const options = { maxOutputLength: Math.max(1, bytes) }
      await into.write(await promisify(inflateRaw)(Buffer.from(data, 'base64'), options))
    } catch (cause) {
      throw new CommandFailure('restore-failed', `args.data is not the state announced: ${(cause as Error).message}`, {
        cause,
      })
    }
    progress(bytes, bytes)
  }
}
