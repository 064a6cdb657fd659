import { stat } from 'node:fs/promises'
import { consoleMark, MarkFinder } from '@stubdom/protocol'
import { CommandFailure } from '../commands/failure.ts'
import type { Follower, RestoreChannel, SaveChannel, Sent, StateFile, StateMeasure } from './channel.ts'
import { consoleBuffer, consoleFailure, readSome, withConsole, writeAll } from './console-io.ts'

/** The console by which a state leaves: /dev/hvc1 in a stubdomain of libxl’s. */
export class SaveConsole implements SaveChannel {
  readonly name = 'console'
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async check(): Promise<void> {
    const found = await stat(this.#path).catch(error => {
      throw new CommandFailure('save-failed', `the save console is not usable: ${(error as Error).message}`)
    })
    if (found.isCharacterDevice() || found.isFIFO()) return
    throw new CommandFailure('save-failed', `the save console ${this.#path} is neither a terminal nor a FIFO`)
  }

  async send(id: string, state: StateFile, measure: StateMeasure, follower: Follower): Promise<Sent> {
    await sendToConsole(this.#path, consoleMark(id), state, measure, follower)
    return {}
  }
}

/**
 * Writes `before` and a state to a console; resolves when the console has taken all of it.
 * @throws CommandFailure
 */
export async function sendToConsole(
  path: string,
  before: Uint8Array,
  state: StateFile,
  { bytes }: StateMeasure,
  { signal, progress }: Follower,
): Promise<void> {
  let done = 0
  try {
    await withConsole(path, 'write', async file => {
      await writeAll(file, before, signal)
      for await (const piece of state.pieces()) {
        await writeAll(file, piece, signal)
        done += piece.length
        progress(done, bytes)
      }
    })
  } catch (error) {
    throw consoleFailure('save-failed', path, `took ${done} of ${bytes} bytes`, error, signal)
  }
}

/** The console by which a state comes: /dev/hvc2. */
export class RestoreConsole implements RestoreChannel {
  readonly name = 'console'
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async receive(id: string, { bytes }: StateMeasure, into: StateFile, { signal, progress }: Follower): Promise<void> {
    const finder = new MarkFinder(id)
    let done = 0
    try {
      await withConsole(this.#path, 'read', async file => {
        const buffer = consoleBuffer()
        while (done < bytes) {
          const piece = finder.push(await readSome(file, buffer, signal))
          if (piece.length === 0) continue
          await into.write(piece)
          done += piece.length
          progress(Math.min(done, bytes), bytes)
        }
      })
    } catch (error) {
      const passedOver = finder.found ? '' : ` and ${finder.skipped} that are not this command’s`
      throw consoleFailure(
        'restore-failed',
        this.#path,
        `brought ${done} of ${bytes} bytes${passedOver}`,
        error,
        signal,
      )
    }
  }
}
