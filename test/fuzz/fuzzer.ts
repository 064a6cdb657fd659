import { Random } from '../support/random.ts'
import { mutate } from './mutators/index.ts'
import type { Target } from './target.ts'

/** Inputs that are kept because they led to something new, at most. */
const CORPUS_MAX = 2_000
/** Outcomes that are told apart, at most: a target whose outcomes are too fine must not eat the memory. */
const OUTCOMES_MAX = 20_000
/** Milliseconds. No input may take longer; one that seems to is run again, since this process may have been off the processor. */
export const RUN_MS_MAX = 250
/** What is wrong with an input that does. */
export const SLOW = `it takes more than ${RUN_MS_MAX} ms`

/** An input that broke a promise, and how. */
export interface Finding {
  readonly input: Uint8Array
  readonly problem: string
}

/** Gives one target inputs, and keeps for further changes those with outcomes that were not seen before. */
export class Fuzzer {
  readonly target: Target
  /** Inputs run. */
  runs = 0
  readonly outcomes = new Map<string, number>()
  readonly #random: Random
  readonly #corpus: Uint8Array[]
  /** Seeds that have not been run yet. */
  #fresh: Uint8Array[]

  constructor(target: Target, seed: number) {
    this.target = target
    this.#random = new Random(seed)
    this.#fresh = [...target.seeds]
    this.#corpus = [...target.seeds]
  }

  get corpus(): readonly Uint8Array[] {
    return this.#corpus
  }

  /** The next input: the seeds as they are, then changed ones. */
  next(): Uint8Array {
    const seed = this.#fresh.shift()
    if (seed) return seed
    const { grammar, maxBytes } = this.target
    // What came last leads further more often than what came first.
    const recent = this.#corpus.slice(-20)
    const base = this.#random.oneIn(3) ? this.#random.pick(recent) : this.#random.pick(this.#corpus)
    const changed = mutate(grammar, base, this.#random.pick(this.#corpus), this.#random)
    return changed.length > maxBytes ? changed.subarray(0, maxBytes) : changed
  }

  /** Runs one input. Returns what is wrong with how it ended, if anything. */
  async try(input: Uint8Array): Promise<Finding | undefined> {
    this.runs++
    const begun = performance.now()
    try {
      const outcome = this.target.run(input)
      this.#learn(typeof outcome === 'string' ? outcome : await outcome, input)
    } catch (error) {
      return { input, problem: problemOf(error) }
    }
    if (performance.now() - begun <= RUN_MS_MAX || !(await this.#isSlow(input))) return undefined
    return { input, problem: SLOW }
  }

  #learn(outcome: string, input: Uint8Array): void {
    const seen = this.outcomes.get(outcome)
    if (seen !== undefined) this.outcomes.set(outcome, seen + 1)
    else if (this.outcomes.size < OUTCOMES_MAX) {
      this.outcomes.set(outcome, 1)
      if (this.#corpus.length < CORPUS_MAX) this.#corpus.push(input.slice())
    }
  }

  async #isSlow(input: Uint8Array): Promise<boolean> {
    for (let again = 0; again < 3; again++) {
      const begun = performance.now()
      await this.target.run(input)
      if (performance.now() - begun <= RUN_MS_MAX) return false
    }
    return true
  }
}

/** The error in one line. */
export function problemOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${error}`
}
