import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { guestIsUp, replaceQemu, startStateWorld } from './support/states.ts'
import { onEachXenstore } from './support/worlds.ts'

const BDF = '0000:03:00.0'
/** What the device that was hot-plugged is on the second QEMU's command line, as a toolstack would have it. */
const ATTACHED = ['-device', 'edu,id=pci-pt-0000_03_00.0,addr=7']

/** A byte of the clock's memory: a device's state, and not RAM. */
const CMOS_BYTE = ['outb 0x70 0x50', 'outb 0x71 0xa5'] as const

onEachXenstore('a device model that is saved and restored', start => {
  test.each(['console', 'xenstore', 'file'])(
    'by %s: the guest goes on where it was, its devices too',
    async channel => {
      const { world, at } = await startStateWorld(start)
      const file = at('state')
      await guestIsUp(world)
      await world.json('pci-attach', 'hvm1', `${BDF}@07`)
      for (const line of CMOS_BYTE) await world.world.qemu.qtest(line)

      const saved = await world.json('save-state', '--channel', channel, 'hvm1', file)
      const state = await readFile(file)
      const measure = { channel, bytes: state.length, sha256: createHash('sha256').update(state).digest('hex') }
      expect(saved).toMatchObject({ ok: true, result: { ...measure, before: 'running', runState: 'paused' } })
      expect(state.length).toBeGreaterThan(128 * 1024)

      await replaceQemu(world, '-incoming', 'defer', ...ATTACHED)
      expect(await world.qemu('query-status')).toMatchObject({ status: 'inmigrate' })
      const restored = await world.json('restore-state', '--channel', channel, 'hvm1', file)
      expect(restored, JSON.stringify(restored)).toMatchObject({
        ok: true,
        result: { ...measure, runState: 'running' },
      })
      expect(await world.qemu('query-status')).toMatchObject({ status: 'running', running: true })
      await world.world.qemu.qtest(CMOS_BYTE[0])
      expect(await world.world.qemu.qtest('inb 0x71')).toBe('OK 0x00a5')
      // The guest itself has to give the device up: it runs, with its RAM, its interrupts and its slots.
      expect(await world.json('pci-detach', 'hvm1', BDF)).toMatchObject({ ok: true })
      expect(await world.devices()).toEqual([])
      await world.quiet()
      expect(await readdir(world.world.saveDirectory), 'nothing is kept').toEqual([])
    },
  )
})
