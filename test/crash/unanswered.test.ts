import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CrashWorld, SLOT } from './crash-world.ts'
import { UNANSWERED } from './matrix/unanswered.ts'
import { TIMEOUT_MS } from './specify.ts'

const COMMAND = ['pci-detach', 'hvm1', '03:00.0']
const ATTACHED = { attached: true, running: true, waiting: false }

describe('a pci-detach that the guest does not answer is unknown, and the same id tells the truth when it does', () => {
  let world: CrashWorld
  beforeAll(async () => {
    world = await CrashWorld.begin('silent')
  }, TIMEOUT_MS)
  afterAll(() => world.end())

  for (const { dies, at } of UNANSWERED) {
    test(`${dies} is killed at ${at}`, { timeout: TIMEOUT_MS }, async () => {
      await world.bring(ATTACHED, false)
      await world.test.quiet()
      const before = await world.stands()
      const ids = await world.ids()
      await world.arm('dom0', dies === 'the agent' ? 'request written' : at)
      if (dies === 'the agent') await world.arm('agent', at)
      const caller = world.give(...COMMAND)
      if (at === 'cancel written') {
        await world.test.node('stubdom/response/pci-detach', value => value.includes('"accepted"'))
        caller.signal('SIGINT')
      }
      expect(await caller.finished).toMatchObject({ exitCode: 137, stdout: '' })
      if (dies === 'the agent') {
        await world.agentDied(at)
        await world.nextAgent()
      }

      const id = await world.newId(ids)
      const unknown = await world.pickUp(id, '--timeout', '0.5', ...COMMAND)
      expect(unknown).toMatchObject({ exitCode: 3, error: { code: 'deadline', outcome: 'unknown', id } })
      expect(await world.truth()).toEqual(ATTACHED)

      await world.world.qemu.eject(SLOT)
      expect(await world.pickUp(id, ...COMMAND)).toMatchObject({ ok: true })
      expect(await world.truth()).toEqual({ attached: false, running: true, waiting: false })
      await world.test.quiet()
      await expect.poll(() => world.stands(), { timeout: 10_000 }).toEqual(before)
    })
  }
})
