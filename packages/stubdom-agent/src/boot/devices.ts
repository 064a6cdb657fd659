import { access } from 'node:fs/promises'
import { pause } from '../pause.ts'

/** Milliseconds. A disk's frontend needs a moment; libxl gives the whole start 30 s. */
const DEADLINE_MS = 10_000
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 100

/**
 * Waits for device nodes; resolves with those that have not appeared by the deadline, or until `signal` aborted.
 * @param onWaiting told of what is missing at first
 */
export async function missingDevices(
  paths: readonly string[],
  signal: AbortSignal,
  onWaiting: (missing: readonly string[]) => void,
): Promise<readonly string[]> {
  const deadline = performance.now() + DEADLINE_MS
  let missing = await absent(paths)
  if (missing.length > 0) onWaiting(missing)
  for (let delay = FIRST_PAUSE_MS; missing.length > 0 && performance.now() < deadline; delay *= 2) {
    await pause(Math.min(delay, LONGEST_PAUSE_MS), signal)
    if (signal.aborted) break
    missing = await absent(missing)
  }
  return missing
}

async function absent(paths: readonly string[]): Promise<string[]> {
  const there = await Promise.all(
    paths.map(path =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  )
  return paths.filter((_, index) => !there[index])
}
