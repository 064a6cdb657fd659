import type { PromiseName } from './check/violation.ts'
import type { Plan, Step } from './plan/step.ts'
import { runPlan } from './run.ts'

/** Worlds that are tried at the most. */
const TRIES_MAX = 400

/** The smallest plan found that still breaks the promise: steps are taken out, many at a time and then one by one, for as long as it does. */
export async function shrink(plan: Plan, promise: PromiseName): Promise<Plan> {
  let tries = 0
  const breaks = async (tried: Plan): Promise<boolean> => {
    if (++tries > TRIES_MAX) return false
    const { violations } = await runPlan(tried)
    return violations.some(violation => violation.promise === promise)
  }
  let smallest = plan
  for (let size = Math.ceil(plan.steps.length / 2); size >= 1 && tries < TRIES_MAX; ) {
    let isSmaller = false
    for (let at = 0; at < smallest.steps.length; ) {
      const steps = without(smallest.steps, at, size)
      if (await breaks({ ...smallest, steps })) {
        smallest = { ...smallest, steps }
        isSmaller = true
      } else at += size
    }
    if (size > 1) size = Math.ceil(size / 2)
    else if (!isSmaller) break
  }
  return smallest
}

function without(steps: readonly Step[], at: number, count: number): Step[] {
  return [...steps.slice(0, at), ...steps.slice(at + count)]
}
