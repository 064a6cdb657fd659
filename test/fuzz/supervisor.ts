import type { Found, RunReport } from './run.ts'
import { startThread } from './thread.ts'
import { WatchedInput } from './watched-input.ts'
import type { FromWorker, WorkerSettings } from './worker.ts'

/** Seconds of the processor that one input may take before it counts as one that never ends: a busy machine gives us few in a minute. */
const HANG_CPU_S = 20
/** Seconds after which one that takes no processor does. */
const HANG_S = 300
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
  let failure: Error | undefined
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
  worker.on('error', error => {
    // Between inputs it is no input's fault.
    if (!watched.isRunning) failure = error
    else findWatched(`the thread ended: ${error}`)
  })
  const watchdog = watch(watched, () => {
    if (watched.isRunning) findWatched('it does not end')
    else failure = new Error('the fuzzer itself hangs, between two inputs')
    void worker.terminate()
  })
  await new Promise(resolve => worker.once('exit', resolve))
  clearInterval(watchdog)
  // Nothing was left to wait for, and still it waited.
  if (!report && !failure && found.length === 0) findWatched('what it waits for never comes')
  if (failure) throw failure
  return { report, found, rssBytesMax }
}

function watch(watched: WatchedInput, onHang: () => void): NodeJS.Timeout {
  let { count } = watched
  let since = performance.now()
  let cpu = process.cpuUsage()
  return setInterval(() => {
    const { user, system } = process.cpuUsage(cpu)
    if (watched.count !== count || count === 0) {
      count = watched.count
      since = performance.now()
      cpu = process.cpuUsage()
    } else if (performance.now() - since > HANG_S * 1_000 || user + system > HANG_CPU_S * 1_000_000) {
      since = Number.POSITIVE_INFINITY
      cpu = process.cpuUsage()
      onHang()
    }
  }, LOOK_MS)
}
