import { rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import { consoleMark, type PendingResponse, STATE_TEXT_MAX } from '@stubdom/protocol'
import { openConsole, STALL_MS, untilMoved } from '../state/console-io.ts'
import { reached } from '../steps.ts'
import { type Departure, type RestoreChannel, RestoreChannelError, type State } from './channel.ts'

/** Nothing is left to be done for it. */
const GONE: Departure = { end: () => Promise.resolve() }

/** Puts `<id>.state` into the directory that the agent has too. */
export class FileChannel implements RestoreChannel {
  readonly name = 'file'
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async begin(id: string, { content }: State, pickUp: boolean): Promise<Departure> {
    if (pickUp) return GONE
    const path = join(this.#directory, `${id}.state`)
    const end = async () => {
      await rm(path, { force: true })
      reached('state removed')
    }
    try {
      // Exclusively: whoever can write there may have put a link in the place.
      await writeFile(path, content, { flag: 'wx', mode: 0o600 })
      reached('state offered')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') await end()
      throw new RestoreChannelError(`the state cannot be put into the save directory: ${(cause as Error).message}`, {
        cause,
      })
    }
    return { end }
  }
}

/** The state stands in the request. */
export class XenstoreChannel implements RestoreChannel {
  readonly name = 'xenstore'

  async begin(_id: string, { content }: State): Promise<Departure> {
    const data = (await promisify(deflateRaw)(content)).toString('base64')
    if (data.length > STATE_TEXT_MAX) {
      throw new RestoreChannelError(
        `the state is too large for a request: ${data.length} characters, the limit is ${STATE_TEXT_MAX}`,
      )
    }
    return { ...GONE, data }
  }
}

/** Writes to dom0’s end of the stubdomain’s console 2, as soon as the agent says that it reads. */
export class ConsoleChannel implements RestoreChannel {
  readonly name = 'console'
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async begin(id: string, { content }: State, pickUp: boolean): Promise<Departure> {
    if (pickUp) return GONE
    const path = await writable(this.#path)
    const over = new AbortController()
    let writing: Promise<void> | undefined
    const departure = {
      failure: undefined as Error | undefined,
      onPending({ stage }: PendingResponse): void {
        if (stage !== 'receiving') return
        writing ??= write(path, Buffer.concat([consoleMark(id), content]), over.signal).catch((error: Error) => {
          if (!over.signal.aborted) departure.failure = error
        })
      },
      async end(): Promise<void> {
        over.abort()
        await writing
      },
    }
    return departure
  }
}

/** Where QEMU's chardev `pipe` reads from, or what was named. A regular file is read by a backend when it starts, and never again. */
async function writable(path: string): Promise<string> {
  for (const candidate of [`${path}.in`, path]) {
    const found = await stat(candidate).catch(() => undefined)
    if (found?.isFIFO() || found?.isCharacterDevice()) return candidate
  }
  throw new RestoreChannelError(
    `${path} is no FIFO and no terminal: what is written to it now would not get to the stubdomain`,
  )
}

async function write(path: string, content: Buffer, signal: AbortSignal): Promise<void> {
  // What is kept open for reading, too, can always be opened: a FIFO’s other end need not be there yet.
  const file = await openConsole(path, 'both')
  try {
    for (let at = 0; at < content.length; ) {
      at += await untilMoved(async () => (await file.write(content, at)).bytesWritten, signal, STALL_MS)
    }
  } finally {
    await file.close()
  }
}
