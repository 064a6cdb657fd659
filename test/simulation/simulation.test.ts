import { describe, expect, test } from 'vitest'
import { PROMISES, type PromiseName } from './check/violation.ts'
import { FAILED_SEEDS, FAILURES } from './failures.ts'
import { generatePlan } from './plan/generate.ts'
import type { Plan } from './plan/step.ts'
import { PLANTED_BUGS } from './planted.ts'
import { reportFailure } from './report.ts'
import { runPlan } from './run.ts'

/** `npm run simulate -- --seeds 100000` runs more of them. */
const SEEDS = 3_000
/** Seeds of one test: each has its own time limit. */
const BLOCK = 250
/** Seeds within which a planted bug must be found. */
const SEEDS_OF_A_BUG = 500
/** Milliseconds: far more than it takes, also on a machine that has much else to do. */
const TIME_LIMIT = 300_000

/** What a person wants to know of a world that broke a promise. */
async function whatIsBroken(plan: Plan): Promise<string[]> {
  const [first] = (await runPlan(plan)).violations
  return first ? [await reportFailure(plan, first)] : []
}

describe('in whole worlds every promise is kept, whatever goes wrong:', () => {
  test.each(Array.from({ length: SEEDS / BLOCK }, (_, block) => [1 + block * BLOCK, (block + 1) * BLOCK]))(
    'seeds %i to %i',
    async (from, to) => {
      const broken: string[] = []
      for (let seed = from; seed <= to && broken.length === 0; seed++) {
        broken.push(...(await whatIsBroken(generatePlan(seed))))
      }
      expect(broken).toEqual([])
    },
    TIME_LIMIT,
  )
})

describe('what was found once does not come back:', () => {
  test.each(FAILURES.map(({ because, plan }) => [because, plan] as const))('%s', async (_, plan) => {
    expect(await whatIsBroken(plan)).toEqual([])
  })

  test.each(FAILED_SEEDS)('seed %i', async seed => {
    expect(await whatIsBroken(generatePlan(seed))).toEqual([])
  })
})

describe('a bug that is planted is found, and said clearly:', () => {
  test.each(Object.entries(PLANTED_BUGS))(
    '%s',
    async (_, { plant, breaks }) => {
      const takeOut = plant()
      try {
        const { seed, report } = await firstFailure()
        expect(seed).toBeLessThanOrEqual(SEEDS_OF_A_BUG)
        const promises: readonly PromiseName[] = breaks
        expect(promises.map(promise => `seed ${seed} breaks the promise “${PROMISES[promise]}”:`)).toContain(
          report.split('\n')[0],
        )
      } finally {
        takeOut()
      }
    },
    TIME_LIMIT,
  )
})

async function firstFailure(): Promise<{ seed: number; report: string }> {
  for (let seed = 1; seed <= SEEDS_OF_A_BUG; seed++) {
    const [report] = await whatIsBroken(generatePlan(seed))
    if (report !== undefined) return { seed, report }
  }
  return { seed: Number.POSITIVE_INFINITY, report: '' }
}

test('a seed decides all that happens', async () => {
  const [one, other] = [await runPlan(generatePlan(7), true), await runPlan(generatePlan(7), true)]
  expect(one.world.trace.length).toBeGreaterThan(100)
  expect(other.world.trace).toEqual(one.world.trace)
})
