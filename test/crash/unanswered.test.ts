import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CrashWorld, SLOT } from './crash-world.ts'
import { UNANSWERED } from './matrix/unanswered.ts'

const COMMAND = ['pci-detach', 'hvm1', '03:00.0']
const ATTACHED = { attached: true, running: true }

describe('a pci-detach that the guest does not answer', () => {
  let world: CrashWorld
  beforeAll(async () => {
    world = await CrashWorld.begin('silent')
  })
  afterAll(() => world.end())

  test.each(UNANSWERED)(
    '$dies is killed at $at: unknown, and the truth under the same id when the guest answers',
    async ({ dies, at }) => {
      await world.bring(ATTACHED, false)
      await world.test.quiet()
      const before = await world.stands()
      const ids = await world.ids()
      if (dies === 'the agent') {
        await world.arm('agent', at)
        await world.arm('dom0', 'request written')
      } else await world.arm('dom0', at)
      const caller = await world.give('--timeout', '0.5', ...COMMAND).finished
      expect(caller).toMatchObject({ exitCode: 137, stdout: '' })
      if (dies === 'the agent') {
        await world.world.agent?.exited
        await world.nextAgent()
      }

      const id = await world.newId(ids)
      const unknown = await world.pickUp(id, '--timeout', '0.5', ...COMMAND)
      expect(unknown).toMatchObject({ exitCode: 3, error: { code: 'deadline', outcome: 'unknown', id } })
      expect(await world.truth()).toEqual(ATTACHED)

      await world.world.qemu.eject(SLOT)
      expect(await world.pickUp(id, ...COMMAND)).toMatchObject({ ok: true })
      expect(await world.truth()).toEqual({ attached: false, running: true })
      await world.test.quiet()
      await expect.poll(() => world.stands(), { timeout: 10_000 }).toEqual(before)
    },
  )
})
