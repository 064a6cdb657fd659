import { expect, test } from 'vitest'
import type { FinalResponse } from '../messages/response.ts'
import { AnswerMemory, REMEMBERED_ANSWERS, REMEMBERED_IDS } from './memory.ts'

const idOf = (n: number) => `0mhx3k2a-${n.toString(36).padStart(4, '0')}`
const answerOf = (n: number): FinalResponse => ({ v: 1, digest: '', state: 'done', result: n })

function memoryOf(count: number): AnswerMemory {
  const memory = new AnswerMemory()
  for (let n = 0; n < count; n++) memory.remember(idOf(n), answerOf(n))
  return memory
}

test.each<[string, number, number, unknown]>([
  ['an id that never was', 10, 10, undefined],
  ['the newest', 1_000, 999, answerOf(999)],
  ['the oldest whose answer is kept', 1_000, 1_000 - REMEMBERED_ANSWERS, answerOf(1_000 - REMEMBERED_ANSWERS)],
  ['the newest whose answer is not', 1_000, 1_000 - REMEMBERED_ANSWERS - 1, 'expired'],
  ['the oldest id that is kept', REMEMBERED_IDS, 0, 'expired'],
  ['an id that is forgotten', REMEMBERED_IDS + 1, 0, 'expired'],
])('%s: of %i ids number %i', (_, count, asked, expected) => {
  expect(memoryOf(count).recall(idOf(asked))).toEqual(expected)
})

test('what is older than the forgotten may have been carried out, what is newer was not', () => {
  const memory = memoryOf(REMEMBERED_IDS + 10)
  expect(memory.recall('0mhx3k29-zzzz')).toBe('expired')
  expect(memory.recall(`${idOf(9)}`)).toBe('expired')
  expect(memory.recall(`${idOf(10)}0`)).toBeUndefined()
})

test('an id that is answered again has its newer answer and is among the newest', () => {
  const memory = memoryOf(REMEMBERED_ANSWERS)
  memory.remember(idOf(0), answerOf(-1))
  memory.remember(idOf(999), answerOf(999))
  expect(memory.recall(idOf(0))).toEqual(answerOf(-1))
  expect(memory.recall(idOf(1))).toBe('expired')
})
