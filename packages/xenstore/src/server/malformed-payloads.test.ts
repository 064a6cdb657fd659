import { describe, expect, test } from 'vitest'
import { Op, opName } from '../wire/messages.ts'
import { BareCore } from './testing/bare-core.ts'

// These are for this server only: a real daemon need not take such payloads well, so nobody should send them to one.

function reply(type: Op, payload: string): string[] {
  const core = new BareCore()
  return core.ask(core.dom0, type, Buffer.from(payload, 'latin1'))
}

function named(types: readonly Op[]) {
  return types.map(type => ({ name: opName(type), type }))
}

const WITH_ONE_STRING = [
  Op.DIRECTORY,
  Op.READ,
  Op.GET_PERMS,
  Op.MKDIR,
  Op.RM,
  Op.GET_DOMAIN_PATH,
  Op.IS_DOMAIN_INTRODUCED,
  Op.RELEASE,
  Op.RESUME,
  Op.TRANSACTION_END,
]

describe('a payload that should be one string has to end in its only NUL', () => {
  test.each(named(WITH_ONE_STRING))('$name', ({ type }) => {
    for (const payload of ['', '/a', '/a\0/b\0', '/a\0b']) expect(reply(type, payload)).toEqual(['ERROR EINVAL'])
  })
})

describe('a payload without the strings that it should have is refused', () => {
  const rows: [Op, string][] = [
    [Op.WRITE, ''],
    [Op.WRITE, '/a'],
    [Op.SET_PERMS, ''],
    [Op.SET_PERMS, '/a\0n0'],
    [Op.WATCH, '/a\0t'],
    [Op.WATCH, '/a\0t\0u\0'],
    [Op.UNWATCH, '/a\0t\0u\0'],
    [Op.DIRECTORY_PART, '/a\0x\0y\0'],
    [Op.CONTROL, ''],
  ]
  test.each(rows.map(([type, payload]) => ({ name: `${opName(type)} ${JSON.stringify(payload)}`, type, payload })))(
    '$name',
    ({ type, payload }) => expect(reply(type, payload)).toEqual(['ERROR EINVAL']),
  )
})

test('an empty path is refused, and the store goes on', () => {
  const core = new BareCore()
  const seven = core.domain(7)
  for (const type of [Op.DIRECTORY, Op.READ, Op.GET_PERMS, Op.MKDIR, Op.RM])
    for (const payload of ['', '\0']) expect(core.ask(seven, type, Buffer.from(payload))).toEqual(['ERROR EINVAL'])
  expect(core.ask(seven, Op.WRITE, Buffer.from('\0x'))).toEqual(['ERROR EINVAL'])
  expect(core.ask(seven, Op.WATCH, ['', 't'])).toEqual(['ERROR EINVAL'])
  expect(core.ask(seven, Op.MKDIR, ['data/a'])).toEqual(['MKDIR OK'])
  expect(core.ask(core.dom0, Op.DIRECTORY, ['/local/domain/7/data'])).toEqual(['DIRECTORY a'])
})

test.each(named([Op.TRANSACTION_START, Op.RESET_WATCHES]))(
  'what comes with $name does not matter',
  ({ name, type }) => {
    for (const payload of ['', 'x', 'x\0y\0'])
      expect(reply(type, payload)).toEqual([expect.stringMatching(new RegExp(`^${name} `))])
  },
)
