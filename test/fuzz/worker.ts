import { parentPort, workerData } from 'node:worker_threads'
import { type Found, type RunReport, run } from './run.ts'
import { targetsNamed } from './targets/index.ts'
import { WatchedInput } from './watched-input.ts'

/** What the thread that runs the inputs is told. */
export interface WorkerSettings {
  readonly targets: string
  readonly seed: number
  readonly inputs: number
  /** Undefined: until the inputs are used up. */
  readonly minutes: number | undefined
  readonly watched: SharedArrayBuffer
}

/** What it says. */
export type FromWorker =
  | { readonly kind: 'progress'; readonly runs: number; readonly rssBytes: number }
  | { readonly kind: 'found'; readonly found: Found }
  | { readonly kind: 'report'; readonly report: RunReport }

// Errors by the million: nobody looks at where they come from.
Error.stackTraceLimit = 0

const { targets: names, seed, inputs, minutes, watched: buffer } = workerData as WorkerSettings
const targets = targetsNamed(names) ?? []
const indexes = new Map(targets.map((target, index) => [target, index]))
const watched = new WatchedInput(buffer)

const report = await run(targets, {
  seed,
  inputs,
  ...(minutes === undefined ? {} : { until: performance.now() + minutes * 60_000 }),
  onInput: (target, input) => watched.set(indexes.get(target) ?? 0, input),
  onEnd: () => watched.end(),
  onFinding: found => tell({ kind: 'found', found }),
  onProgress: runs => tell({ kind: 'progress', runs, rssBytes: process.memoryUsage.rss() }),
})
tell({ kind: 'report', report })

function tell(message: FromWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(message)
}
