import { expect, test } from 'vitest'
import { COMMAND_NAMES } from './commands/index.ts'
import { COMMAND_ID } from './ids.ts'
import { jsonSchemas } from './json-schema.ts'

const schemas = jsonSchemas()

test('there is one for each kind of message and two for each command', () => {
  expect(Object.keys(schemas).toSorted()).toEqual(
    [
      'event.json',
      'hello.json',
      'made.json',
      'refused.json',
      'request-head.json',
      'request.json',
      'status.json',
      ...COMMAND_NAMES.flatMap(name => [`args-${name}.json`, `response-${name}.json`]),
    ].toSorted(),
  )
})

test('requests may hold fields that are not known, everything else may not', () => {
  expect(schemas['request.json']).not.toHaveProperty('additionalProperties')
  expect(schemas['hello.json']).toHaveProperty('additionalProperties', false)
  expect(schemas['args-ping.json']).toHaveProperty('additionalProperties', false)
})

test('ids are described by their pattern', () => {
  expect(JSON.stringify(schemas['response-status.json'])).toContain(JSON.stringify(COMMAND_ID.source))
})
