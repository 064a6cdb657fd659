import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant } from './contestant.ts'

export interface Schedule {
  /** Repetitions in one round of one contestant. */
  readonly count: number
  readonly rounds: number
  /** Rounds before those that count: what is compiled at run time needs some. */
  readonly warmUp: number
  /** Milliseconds after each round. */
  readonly pauseMs?: number | undefined
}

export interface Comparison {
  readonly ours: number
  readonly theirs: number
  /** Ours by theirs. */
  readonly ratio: number
}

/**
 * Two contestants take turns, and each round of one is compared with the other's next to it: what else the machine does
 * hits both. All three results are medians, so the ratio need not be the quotient of the other two.
 */
export async function sideBySide(ours: Contestant, theirs: Contestant, schedule: Schedule): Promise<Comparison> {
  const { count, rounds, warmUp, pauseMs = 0 } = schedule
  const pairs: { ours: number; theirs: number }[] = []
  for (let round = -warmUp; round < rounds; round++) {
    const pair = { ours: await ours.round(count), theirs: await theirs.round(count) }
    if (round >= 0) pairs.push(pair)
    await sleep(pauseMs)
  }
  return {
    ours: median(pairs.map(pair => pair.ours)),
    theirs: median(pairs.map(pair => pair.theirs)),
    ratio: median(pairs.map(pair => pair.ours / pair.theirs)),
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
