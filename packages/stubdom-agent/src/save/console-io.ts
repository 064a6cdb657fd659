import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { CommandFailure } from '../commands/failure.ts'
import { pause } from '../pause.ts'

/** Milliseconds for which a console may take, or bring, nothing. */
const STALL_MS = 10_000

const PAUSE_MS_MIN = 1
const PAUSE_MS_MAX = 20
const PIECE_BYTES = 16 * 1024

/** Terminals are not to become ours, and none may make a thread wait for it: nothing could take that back. */
const FLAGS = constants.O_NOCTTY | constants.O_NONBLOCK

/** A console is opened for the time of one state. Something else must keep it open and raw: with its last user Linux resets a terminal. */
export async function withConsole<T>(
  path: string,
  access: 'read' | 'write',
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, FLAGS | (access === 'read' ? constants.O_RDONLY : constants.O_WRONLY))
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Writes all of it, as fast as it is taken. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += await whenReady(signal, async () => (await file.write(bytes, at)).bytesWritten)
  }
}

/** The next bytes that come; good until the next call. */
export async function readSome(file: FileHandle, buffer: Buffer, signal: AbortSignal): Promise<Buffer> {
  return buffer.subarray(0, await whenReady(signal, async () => (await file.read(buffer)).bytesRead))
}

export function consoleBuffer(): Buffer {
  return Buffer.allocUnsafe(PIECE_BYTES)
}

/** Tries until it moves something. A FIFO without a writer reads as if at its end: that may change. */
async function whenReady(signal: AbortSignal, attempt: () => Promise<number>): Promise<number> {
  const until = performance.now() + STALL_MS
  for (let wait = PAUSE_MS_MIN; ; wait = Math.min(wait * 2, PAUSE_MS_MAX)) {
    signal.throwIfAborted()
    const moved = await attempt().catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EAGAIN') return 0
      throw error
    })
    if (moved > 0) return moved
    if (performance.now() > until) throw new StalledError()
    await pause(wait, signal)
  }
}

class StalledError extends Error {
  override readonly name = 'StalledError'

  constructor() {
    super(`it did not move for ${STALL_MS / 1_000} s`)
  }
}

/** A console did not do its part: says how far it came. An abort stays what it is. */
export function consoleFailure(
  code: 'save-failed' | 'restore-failed',
  path: string,
  how: string,
  cause: unknown,
  signal: AbortSignal,
): unknown {
  if (signal.aborted || cause instanceof CommandFailure) return cause
  return new CommandFailure(code, `console ${path} ${how}: ${(cause as Error).message}`, { cause })
}
