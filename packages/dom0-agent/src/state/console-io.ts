import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds for which a console may bring, or take, nothing. */
export const STALL_MS = 10_000

const PAUSE_MS_MIN = 1
const PAUSE_MS_MAX = 20

/** No terminal is to become ours, and none may make a thread wait for it: nothing could take that back. */
export function openConsole(path: string, access: 'read' | 'both'): Promise<FileHandle> {
  const flag = access === 'read' ? constants.O_RDONLY : constants.O_RDWR
  return open(path, constants.O_NOCTTY | constants.O_NONBLOCK | flag)
}

/** Tries, at growing intervals, until something moves. @throws an Error when nothing does for `stallMs`, or when `signal` aborts */
export async function untilMoved(
  attempt: () => Promise<number>,
  signal: AbortSignal,
  stallMs: number,
): Promise<number> {
  const until = performance.now() + stallMs
  for (let wait = PAUSE_MS_MIN; ; wait = Math.min(wait * 2, PAUSE_MS_MAX)) {
    signal.throwIfAborted()
    const moved = await attempt().catch(notYet)
    if (moved > 0) return moved
    if (performance.now() > until) throw new Error(`nothing moved for ${stallMs / 1_000} s`)
    await delay(wait, undefined, { signal })
  }
}

/** EAGAIN: nothing there, or no room. */
function notYet(error: NodeJS.ErrnoException): number {
  if (error.code === 'EAGAIN') return 0
  throw error
}
