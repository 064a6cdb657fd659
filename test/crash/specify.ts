import { afterAll, describe, expect, test } from 'vitest'
import type { Matrix } from './matrix/matrix.ts'
import { Play } from './play.ts'

/** Each row starts several processes, of which none is waited for by the clock: this is for a machine that is busy. */
export const TIMEOUT_MS = 90_000

/** Tests each row of a command's matrix. */
export function specify(matrix: Matrix): void {
  const { command, dom0, agent, recovery, chance = [] } = matrix
  const play = new Play(matrix)
  afterAll(() => play.end(), TIMEOUT_MS)

  const options = { timeout: TIMEOUT_MS }

  test(`${command}: the matrix names the steps that the programs come to`, options, async () => {
    const steps = await play.undisturbed()
    // How often the agent says that it is at work, and whether dom0 sees it, is chance with a quick command.
    const inDom0 = steps.dom0.filter(step => !step.startsWith('progress read'))
    expect(new Set([...inDom0, 'progress read'])).toEqual(new Set(dom0.map(([step]) => step)))
    const isChance = (step: string) => ['progress written #', ...chance].some(begin => step.startsWith(begin))
    expect(steps.agent.filter(step => !isChance(step))).toEqual(agent.map(([step]) => step))
  })

  describe(`${command}: dom0’s process is killed at`, options, () => {
    for (const [step, outcome] of dom0) test(`${step}: ${outcome.text}`, () => play.dom0Dies(step, outcome))
  })
  describe(`${command}: the agent is killed at`, options, () => {
    for (const [step, outcome] of agent) test(`${step}: ${outcome.text}`, () => play.agentDies(step, outcome))
  })
  describe(`${command}: the agent is killed at, and the next one at`, options, () => {
    for (const [first, second, outcome] of recovery) {
      test(`${first}, ${second}: ${outcome.text}`, () => play.agentDies(first, outcome, second))
    }
  })
  describe(`${command}: QEMU is killed when the agent is at`, options, () => {
    for (const [step, , outcome] of agent) test(`${step}: ${outcome.text}`, () => play.qemuDies(step, outcome))
  })
}
