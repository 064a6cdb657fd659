import { expect, test } from 'vitest'
import { deferred } from '../testing/deferred.ts'
import { Turn } from './turn.ts'

const never = new AbortController().signal

test('work is done one after the other, in the order asked, whether it fails or not', async () => {
  const turn = new Turn()
  const gates = [deferred(), deferred(), deferred()]
  const log: string[] = []
  const all = gates.map((gate, index) =>
    turn.run(never, async () => {
      log.push(`begin ${index}`)
      await gate.promise
      log.push(`end ${index}`)
      return index
    }),
  )
  gates[2]?.resolve()
  gates[1]?.reject(new Error('no'))
  const second = all[1]?.catch((error: Error) => error.message)
  gates[0]?.resolve()
  expect(await second).toBe('no')
  expect(await all[0]).toBe(0)
  expect(await all[2]).toBe(2)
  expect(log).toEqual(['begin 0', 'end 0', 'begin 1', 'begin 2', 'end 2'])
})

test('one that gives up waiting rejects at once; those after it still wait for those before', async () => {
  const turn = new Turn()
  const gate = deferred()
  const log: string[] = []
  const first = turn.run(never, () => gate.promise.then(() => log.push('first')))
  const impatient = new AbortController()
  const second = turn.run(impatient.signal, async () => log.push('second'))
  const third = turn.run(never, async () => log.push('third'))
  impatient.abort(new Error('enough'))
  await expect(second).rejects.toThrow('enough')
  expect(log).toEqual([])
  gate.resolve()
  await Promise.all([first, third])
  expect(log).toEqual(['first', 'third'])
})
