import { expect, test } from 'vitest'
import { jsonBytes } from '../testing/text.ts'
import { takeInventory } from './inventory.ts'

const key = (id: string, command = 'ping') => ({ command, id })
const response = (id: string, value: unknown) => ({ ...key(id), bytes: jsonBytes(value) })
const about = { v: 1, digest: '0123456789abcdef' }
const running = { ...about, state: 'running' }
const cancelled = { ...about, state: 'cancelled' }
const head = { ...about, state: 'done', parts: 2, bytes: 2_000, sha256: 'f'.repeat(64) }

test('sorts out what an agent finds when it starts', () => {
  const inventory = takeInventory({
    on: 'started',
    requests: [key('4'), key('1'), key('2'), key('3'), key('0'), key('5'), key('1', 'status')],
    responses: [
      response('1', cancelled),
      response('2', head),
      response('3', running),
      response('5', '?'),
      response('9', running),
      response('8', head),
    ],
    responseParts: ['2', '5', '8', '7'],
  })
  expect(inventory.answered).toEqual([
    { ...key('1'), state: 'answered', parts: false, response: cancelled },
    { ...key('2'), state: 'answered', parts: true, response: undefined },
  ])
  expect(inventory.interrupted).toEqual([
    { ...key('3'), left: running },
    { ...key('5'), left: undefined },
  ])
  expect(inventory.fresh).toEqual([key('0'), key('1', 'status'), key('4')])
  expect(inventory.cleanUp).toEqual([
    { do: 'remove-parts', id: '5' },
    { do: 'remove-response', ...key('9'), parts: false, directory: false },
    { do: 'remove-response', ...key('8'), parts: true, directory: false },
    { do: 'remove-parts', id: '7' },
  ])
})

test('finds nothing where there is nothing', () => {
  const inventory = takeInventory({ on: 'started', requests: [], responses: [], responseParts: [] })
  expect(inventory).toEqual({ answered: [], interrupted: [], fresh: [], cleanUp: [] })
})

test('a response that went between being listed and being read counts as none that can be read', () => {
  const inventory = takeInventory({
    on: 'started',
    requests: [key('1')],
    responses: [{ ...key('1'), bytes: undefined }],
    responseParts: [],
  })
  expect(inventory.interrupted).toEqual([{ ...key('1'), left: undefined }])
})
