import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { controlPath, isCommandName, Layout, parseNodeName, partName } from './layout.ts'
import { PARTS_MAX } from './limits.ts'

describe('paths', () => {
  test.each([
    [controlPath(7), '/local/domain/7/dm-control'],
    [Layout.request('ping', '0mhx3k2a-x'), 'dom0/request/ping/0mhx3k2a-x'],
    [Layout.requestPart('0mhx3k2a-x', 36), 'dom0/part/0mhx3k2a-x/10'],
    [Layout.response('ping', '0mhx3k2a-x'), 'stubdom/response/ping/0mhx3k2a-x'],
    [Layout.responsePart('0mhx3k2a-x', 0), 'stubdom/part/0mhx3k2a-x/00'],
    [Layout.event(31), 'stubdom/event/31'],
  ])('%s', (path, expected) => {
    expect(path).toBe(expected)
  })

  test('parts have names of two characters, each its own', () => {
    const names = Array.from({ length: PARTS_MAX }, (_, index) => partName(index))
    expect(new Set(names).size).toBe(PARTS_MAX)
    expect(names.every(name => /^[0-9a-z]{2}$/.test(name))).toBe(true)
  })
})

describe('parseNodeName', () => {
  test.each([
    ['dom0/request/ping/0mhx3k2a-x', { kind: 'request', command: 'ping', id: '0mhx3k2a-x' }],
    ['dom0/request/ping', { kind: 'requests-of', command: 'ping' }],
    ['stubdom/response/ping/0mhx3k2a-x', { kind: 'response', command: 'ping', id: '0mhx3k2a-x' }],
    ['stubdom/response/ping', { kind: 'responses-of', command: 'ping' }],
    ['dom0/request/No such!/what?', { kind: 'request', command: 'No such!', id: 'what?' }],
    ['dom0/part/0mhx3k2a-x/00', { kind: 'part' }],
    ['stubdom/part/0mhx3k2a-x', { kind: 'part' }],
    ['stubdom/hello', { kind: 'hello' }],
    ['stubdom/status', { kind: 'status' }],
    ['stubdom/refused', { kind: 'refused' }],
    ['stubdom/event/3', { kind: 'event' }],
    ['dom0', { kind: 'other' }],
    ['dom0/request', { kind: 'other' }],
    ['dom0/response/ping/0mhx3k2a-x', { kind: 'other' }],
    ['dom0/hello', { kind: 'other' }],
    ['stubdom/request/ping/0mhx3k2a-x', { kind: 'other' }],
    ['dom0/request/ping/0mhx3k2a-x/deeper', { kind: 'other' }],
    ['', { kind: 'other' }],
  ])('%j', (path, expected) => {
    expect(parseNodeName(path)).toEqual(expected)
  })
})

test.each([
  ['ping', true],
  ['pci-attach', true],
  ['a'.repeat(32), true],
  ['a'.repeat(33), false],
  ['Ping', false],
  ['-ping', false],
  ['1ping', false],
  ['a/b', false],
  ['', false],
])('%j is a command’s name: %s', (name, expected) => {
  expect(isCommandName(name)).toBe(expected)
})

test('the name of every command’s node is understood as what it was made of', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/)
  const id = fc.stringMatching(/^[0-9a-z]{8}-[0-9a-z]{1,7}$/)
  fc.assert(
    fc.property(name, id, (command, commandId) => {
      expect(parseNodeName(Layout.request(command, commandId))).toEqual({ kind: 'request', command, id: commandId })
      expect(parseNodeName(Layout.response(command, commandId))).toEqual({ kind: 'response', command, id: commandId })
      expect(parseNodeName(Layout.responsesOf(command))).toEqual({ kind: 'responses-of', command })
      expect(isCommandName(command)).toBe(true)
    }),
  )
})
