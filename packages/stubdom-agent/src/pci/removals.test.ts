import { describe, expect, test } from 'vitest'
import { Removals } from './removals.ts'

const never = new AbortController().signal

describe('a removal that waits for the guest', () => {
  test('ends with a refusal of the guest for everybody who waits', async () => {
    const removals = new Removals()
    removals.begin('pt0')
    const waiting = [removals.wait('pt0', never), removals.wait('pt0', never)]
    removals.onEvent({ event: 'DEVICE_UNPLUG_GUEST_ERROR', data: { device: 'pt0' } })
    expect(await Promise.all(waiting)).toEqual(['refused', 'refused'])
    expect(removals.pending).toEqual([])
  })

  test('does not end with DEVICE_DELETED, which may be of an earlier device: QEMU is to be asked', () => {
    const removals = new Removals()
    removals.begin('pt0')
    expect(removals.onEvent({ event: 'DEVICE_DELETED', data: { device: 'pt0' } })).toBe(true)
    expect(removals.pending).toEqual(['pt0'])
  })

  test('has nothing to do with what happens to other devices, or with other events', () => {
    const removals = new Removals()
    removals.begin('pt0')
    expect(removals.onEvent({ event: 'DEVICE_DELETED', data: { device: 'pt1' } })).toBe(false)
    expect(removals.onEvent({ event: 'DEVICE_DELETED', data: { path: '/machine/peripheral/pt0/x' } })).toBe(false)
    expect(removals.onEvent({ event: 'DEVICE_UNPLUG_GUEST_ERROR', data: { device: 'pt1' } })).toBe(false)
    expect(removals.onEvent({ event: 'RESET', data: { device: 'pt0' } })).toBe(false)
    expect(removals.pending).toEqual(['pt0'])
  })

  test('ends for everybody who waits when QEMU does not have the device any more', async () => {
    const removals = new Removals()
    removals.begin('pt0')
    removals.begin('pt1')
    const waiting = [removals.wait('pt0', never), removals.wait('pt0', never)]
    removals.onListing(new Set(['pt1']))
    expect(await Promise.all(waiting)).toEqual(['deleted', 'deleted'])
    expect(removals.pending).toEqual(['pt1'])
  })

  test('that ended before anybody waited counts as deleted', async () => {
    const removals = new Removals()
    removals.begin('pt0')
    removals.onListing(new Set())
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
