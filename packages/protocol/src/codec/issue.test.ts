import { expect, test } from 'vitest'
import * as z from 'zod/mini'
import { checkWith } from './decode.ts'

const schema = z.strictObject({
  slot: z.optional(z.int().check(z.minimum(1), z.maximum(31))),
  name: z.optional(z.string().check(z.maxLength(3))),
  list: z.optional(z.array(z.boolean()).check(z.maxLength(1))),
  state: z.optional(z.enum(['on', 'off'])),
  id: z.optional(z.string().check(z.regex(/^[a-z]+$/))),
  pair: z.optional(z.tuple([z.int(), z.int()]).check(z.refine(([a, b]) => a <= b, 'the lower one comes first'))),
  inner: z.optional(z.strictObject({ there: z.string() })),
})

test.each([
  [{}, 'fits'],
  [5, 'it must be an object'],
  [{ colour: 1, size: 2 }, 'there is no "colour", "size"'],
  [{ slot: 32 }, 'slot: it must be at most 31'],
  [{ slot: 0 }, 'slot: it must be at least 1'],
  [{ slot: 1.5 }, 'slot: it must be a whole number'],
  [{ slot: '1' }, 'slot: it must be a number'],
  [{ name: 'long' }, 'name: it must have a length of at most 3'],
  [{ list: [true, false] }, 'list: it must have a length of at most 1'],
  [{ list: [1] }, 'list.0: it must be true or false'],
  [{ state: 'new' }, 'state: it must be "on" or "off"'],
  [{ id: '\u001b[2J' }, 'id: it must match /^[a-z]+$/'],
  [{ pair: [2, 1] }, 'pair: the lower one comes first'],
  [{ pair: 7 }, 'pair: it must be a list'],
  [{ inner: {} }, 'inner.there: it must be a text'],
  [JSON.parse('{"\\u001b[2J\\u202e":1}'), 'there is no "\\u001b[2J?"'],
])('what is wrong with %j is said in words', (value, expected) => {
  const result = checkWith('node', schema, value)
  expect(result.ok ? 'fits' : result.error.reason).toBe(expected)
})
