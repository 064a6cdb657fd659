import type { QmpEvent } from '@stubdom/qmp'
import { BehaviorSubject, Subject } from 'rxjs'
import { expect, onTestFinished, test } from 'vitest'
import type { Monitor } from '../qemu/monitor.ts'
import { Removals } from './removals.ts'
import { watchRemovals } from './watch-removals.ts'

const never = new AbortController().signal
const ID = 'pci-pt-0000_03_00.0'

/** A QEMU that answers when it is told to: which event comes before which answer cannot be had from a real one at will. */
function watchedQemu() {
  const removals = new Removals()
  const events = new Subject<Pick<QmpEvent, 'event' | 'data'>>()
  const questions: ((devices: readonly { name: string; type: string }[]) => void)[] = []
  const monitor = {
    state: new BehaviorSubject({ kind: 'connecting' }),
    events,
    execute: () => new Promise(resolve => questions.push(resolve)),
  }
  onTestFinished(watchRemovals(monitor as unknown as Monitor, () => removals))
  return {
    removals,
    questions,
    deleted: () => events.next({ event: 'DEVICE_DELETED', data: { device: ID } }),
  }
}

test('an event about an earlier device of the same id does not end the removal of the present one', async () => {
  const { removals, questions, deleted } = watchedQemu()
  removals.begin(ID)
  const waiting = removals.wait(ID, never)
  deleted()
  deleted() // The present one's own, while the question after the first is under way.
  expect(questions).toHaveLength(1)
  questions.shift()?.([{ name: ID, type: 'child<edu>' }])
  await expect.poll(() => questions.length).toBe(1)
  expect(removals.isPending(ID)).toBe(true)
  questions.shift()?.([])
  expect(await waiting).toBe('deleted')
})

test('nobody asks QEMU on an event about a device whose removal nobody waits for', () => {
  const { questions, deleted } = watchedQemu()
  deleted()
  expect(questions).toHaveLength(0)
})
