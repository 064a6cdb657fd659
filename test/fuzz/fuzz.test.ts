import { describe, expect, test } from 'vitest'
import { saved, savedTargets } from './found.ts'
import { problemWith } from './minimise.ts'
import { run } from './run.ts'
import { TARGETS, targetsNamed } from './targets/index.ts'

/** Inputs for each target; `npm run fuzz` has no end to them. */
const INPUTS = 3_000

describe('no promise is broken by inputs made by chance:', () => {
  test.each(TARGETS.map(target => [target.name, target] as const))('%s', { timeout: 120_000 }, async (_, target) => {
    const { found, targets } = await run([target], { seed: 1, inputs: INPUTS })
    expect(
      found.map(({ input, problem }) => `${problem}: ${JSON.stringify(Buffer.from(input).toString('latin1'))}`),
    ).toEqual([])
    // Both what is right and what is wrong in many ways was reached.
    expect(targets[0]?.runs).toBe(INPUTS)
    expect(targets[0]?.outcomes).toBeGreaterThan(10)
  })
})

describe('inputs that broke a promise once do so no more:', () => {
  test.each(savedTargets().flatMap(target => saved(target).map(({ name, input }) => ({ target, name, input }))))(
    '$target $name',
    async ({ target, input }) => {
      const [found] = targetsNamed(target) ?? []
      if (!found) throw new Error(`there is no target ${target} any more; what was saved of it is never run`)
      expect(await problemWith(found, input)).toBeUndefined()
    },
  )
})
