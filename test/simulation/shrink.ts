import type { PromiseName } from './check/violation.ts'
import type { Plan, Step } from './plan/step.ts'
import { runPlan } from './run.ts'

/** Worlds that are tried at the most. */
const TRIES_MAX = 400

/** The smallest plan found that still breaks the promise: steps are taken out, many at a time and then one by one, for as long as it does. */
export async function shrink(plan: Plan, promise: PromiseName): Promise<Plan> {
  let tries = 0
  const breaks = async (steps: readonly Step[]): Promise<boolean> => {
    if (++tries > TRIES_MAX) return false
    const { violations } = await runPlan({ ...plan, steps })
    return violations.some(violation => violation.promise === promise)
  }
  let steps = plan.steps
  let size = Math.ceil(steps.length / 2)
  while (size >= 1) {
    const fewer = await withoutSome(steps, size, breaks)
    if (size > 1) size = Math.ceil(size / 2)
    else if (fewer.length === steps.length) size = 0
    steps = fewer
  }
  return { ...plan, steps }
}

/** Takes out whatever `size` steps in a row can be spared. */
async function withoutSome(
  all: readonly Step[],
  size: number,
  breaks: (steps: readonly Step[]) => Promise<boolean>,
): Promise<readonly Step[]> {
  let steps = all
  let at = 0
  while (at < steps.length) {
    const fewer = steps.toSpliced(at, size)
    if (await breaks(fewer)) steps = fewer
    else at += size
  }
  return steps
}
