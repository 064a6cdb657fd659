import { type Finding, Fuzzer } from './fuzzer.ts'
import { kindOf, minimise } from './minimise.ts'
import type { Target } from './target.ts'

export interface RunOptions {
  readonly seed: number
  /** All targets together. */
  readonly inputs: number
  /** Findings of one target after which it is left alone; 5. */
  readonly findings?: number
  /** On the clock of `performance.now`. */
  readonly until?: number
  /** Told of each input before it is run, so that somebody else knows which one it was if that never ends. */
  readonly onInput?: (target: Target, input: Uint8Array) => void
  /** Told when it has ended. */
  readonly onEnd?: () => void
  readonly onFinding?: (found: Found) => void
  /** Told once in a while. */
  readonly onProgress?: (runs: number) => void
}

export interface Found extends Finding {
  readonly target: string
}

/** How it went with one target. */
export interface TargetReport {
  readonly target: string
  readonly runs: number
  /** Milliseconds spent on it. */
  readonly ms: number
  /** How many different outcomes there were. */
  readonly outcomes: number
  /** The inputs that were kept. */
  readonly corpus: readonly Uint8Array[]
}

export interface RunReport {
  readonly targets: readonly TargetReport[]
  readonly found: readonly Found[]
}

/** Inputs for one target before it is another's turn. */
const BATCH = 500

/** Feeds the targets by turns, each with chance of its own, so that what one is given does not depend on the others. */
export async function run(targets: readonly Target[], options: RunOptions): Promise<RunReport> {
  const { inputs, findings = 5, until = Number.POSITIVE_INFINITY, onProgress = () => {} } = options
  const fuzzers = targets.map(target => ({ fuzzer: new Fuzzer(target, options.seed), ms: 0 }))
  const found: Found[] = []
  let runs = 0
  while (runs < inputs && performance.now() < until) {
    const before = runs
    for (const entry of fuzzers) {
      const { target } = entry.fuzzer
      if (found.filter(({ target: name }) => name === target.name).length >= findings) continue
      const share = Math.min(BATCH, Math.ceil((inputs - runs) / targets.length))
      const begun = performance.now()
      runs += await batch(entry.fuzzer, share, found, options)
      entry.ms += performance.now() - begun
    }
    onProgress(runs)
    if (runs === before) break // No target is left.
  }
  return {
    targets: fuzzers.map(({ fuzzer, ms }) => ({
      target: fuzzer.target.name,
      runs: fuzzer.runs,
      ms,
      outcomes: fuzzer.outcomes.size,
      corpus: fuzzer.corpus,
    })),
    found,
  }
}

async function batch(fuzzer: Fuzzer, count: number, found: Found[], options: RunOptions): Promise<number> {
  const { target } = fuzzer
  for (let runs = 0; runs < count; runs++) {
    const input = fuzzer.next()
    options.onInput?.(target, input)
    const finding = await fuzzer.try(input)
    options.onEnd?.()
    if (!finding) continue
    const known = found.some(
      ({ target: name, problem }) => name === target.name && kindOf(problem) === kindOf(finding.problem),
    )
    if (known) continue
    const smaller = { target: target.name, ...(await minimise(target, finding)) }
    found.push(smaller)
    options.onFinding?.(smaller)
    return runs + 1
  }
  return count
}
