import type { Follower, StateMeasure } from './channel.ts'
import { sendToConsole } from './console-channel.ts'
import { NamelessFile } from './nameless-file.ts'

/**
 * Brings a state to a console bare, as unmodified libxl wants to find it behind console 1.
 * @param write has QEMU write the state to the file of that path; what it rejects with is passed on
 * @returns when the console has taken all of it
 * @throws CommandFailure when the console did not
 */
export async function saveBare(
  consolePath: string,
  write: (path: string) => Promise<unknown>,
  follower: Follower,
): Promise<StateMeasure> {
  const state = await NamelessFile.create()
  try {
    await write(state.path)
    const measure = await state.measure()
    await sendToConsole(consolePath, new Uint8Array(), state, measure, follower)
    return measure
  } finally {
    await state.close()
  }
}
