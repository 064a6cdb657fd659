import { describe, expect, test } from 'vitest'
import { Removals } from './removals.ts'

const never = new AbortController().signal

describe('a removal that waits for the guest', () => {
  test.each([
    ['DEVICE_DELETED', 'deleted'],
    ['DEVICE_UNPLUG_GUEST_ERROR', 'refused'],
  ] as const)('ends with %s for everybody who waits', async (event, end) => {
    const removals = new Removals()
    removals.begin('pt0')
    const waiting = [removals.wait('pt0', never), removals.wait('pt0', never)]
    removals.onEvent({ event, data: { device: 'pt0' } })
    expect(await Promise.all(waiting)).toEqual([end, end])
    expect(removals.pending).toEqual([])
  })

  test('does not end with what happens to other devices, or with other events', () => {
    const removals = new Removals()
    removals.begin('pt0')
    removals.onEvent({ event: 'DEVICE_DELETED', data: { device: 'pt1' } })
    removals.onEvent({ event: 'DEVICE_DELETED', data: { path: '/machine/peripheral/pt0/x' } })
    removals.onEvent({ event: 'RESET', data: { device: 'pt0' } })
    expect(removals.pending).toEqual(['pt0'])
  })

  test('ends when QEMU does not have the device any more, whatever events were missed', async () => {
    const removals = new Removals()
    removals.begin('pt0')
    removals.begin('pt1')
    const waiting = removals.wait('pt0', never)
    removals.onListing(new Set(['pt1']))
    expect(await waiting).toBe('deleted')
    expect(removals.pending).toEqual(['pt1'])
  })

  test('that ended before anybody waited counts as deleted', async () => {
    const removals = new Removals()
    removals.begin('pt0')
    removals.onEvent({ event: 'DEVICE_DELETED', data: { device: 'pt0' } })
    expect(await removals.wait('pt0', never)).toBe('deleted')
  })

  test('goes on when one who waited gives up', async () => {
    const removals = new Removals()
    removals.begin('pt0')
    const impatient = new AbortController()
    const givenUp = removals.wait('pt0', impatient.signal)
    const patient = removals.wait('pt0', never)
    impatient.abort(new Error('enough'))
    await expect(givenUp).rejects.toThrow('enough')
    expect(removals.isPending('pt0')).toBe(true)
    removals.end('pt0', 'deleted')
    expect(await patient).toBe('deleted')
  })
})
