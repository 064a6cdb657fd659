import type { Found, RunReport } from './run.ts'
import { startThread } from './thread.ts'
import { WatchedInput } from './watched-input.ts'
import type { FromWorker, WorkerSettings } from './worker.ts'

/** Milliseconds on one input after which it counts as one that never ends. The machine may be busy. */
const HANG_MS = 30_000
const LOOK_MS = 1_000
/** What inputs may make the thread keep. */
const HEAP_MB_MAX = 512

export interface Supervised {
  /** Undefined when the thread did not come to its end. */
  readonly report: RunReport | undefined
  readonly found: readonly Found[]
  /** The most memory that the process had. */
  readonly rssBytesMax: number
}

export interface Reporter {
  progress(runs: number): void
  found(found: Found): void
}

/** Runs inputs in a thread of its own and watches it: an input that never ends, eats the memory or ends the thread is a finding like others. */
export async function supervise(
  settings: Omit<WorkerSettings, 'watched'>,
  names: readonly string[],
  reporter: Reporter,
): Promise<Supervised> {
  const watched = new WatchedInput()
  const worker = startThread('worker.ts', {
    workerData: { ...settings, watched: watched.buffer } satisfies WorkerSettings,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  })
  const found: Found[] = []
  let report: RunReport | undefined
  let rssBytesMax = 0
  const find = (one: Found): void => {
    found.push(one)
    reporter.found(one)
  }
  const findWatched = (problem: string): void =>
    find({ target: names[watched.target] ?? '', input: watched.input, problem })
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'found') find(message.found)
    else if (message.kind === 'report') report = message.report
    else {
      rssBytesMax = Math.max(rssBytesMax, message.rssBytes)
      reporter.progress(message.runs)
    }
  })
  let failure: Error | undefined
  worker.on('error', error => {
    // Before the first input it is no input's fault.
    if (watched.count === 0) failure = error
    else findWatched(`the thread ended: ${error}`)
  })
  const watchdog = watch(watched, () => {
    findWatched(`it does not end within ${HANG_MS / 1_000} s`)
    void worker.terminate()
  })
  await new Promise(resolve => worker.once('exit', resolve))
  clearInterval(watchdog)
  if (failure) throw failure
  return { report, found, rssBytesMax }
}

function watch(watched: WatchedInput, onHang: () => void): NodeJS.Timeout {
  let { count } = watched
  let since = performance.now()
  return setInterval(() => {
    if (watched.count !== count || count === 0) {
      count = watched.count
      since = performance.now()
    } else if (performance.now() - since > HANG_MS) {
      since = Number.POSITIVE_INFINITY
      onHang()
    }
  }, LOOK_MS)
}
