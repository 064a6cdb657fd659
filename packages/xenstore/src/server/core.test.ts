import { beforeEach, expect, test } from 'vitest'
import { Op } from '../wire/messages.ts'
import { BareCore } from './testing/bare-core.ts'

// One of each, to notice what is broken altogether. The rules are in test/conformance, which holds this server to the
// real daemons row by row.

let core: BareCore

beforeEach(() => {
  core = new BareCore()
})

function ask(type: Op, payload: readonly string[], transactionId = 0): string[] {
  return core.ask(core.dom0, type, payload, transactionId)
}

/** A value has no NUL behind it. */
function write(path: string, value: string, transactionId = 0): string[] {
  return core.ask(core.dom0, Op.WRITE, Buffer.from(`${path}\0${value}`), transactionId)
}

test('keeps values and children, and forgets what is removed', () => {
  expect(write('/a/b', 'hello')).toEqual(['WRITE OK'])
  expect(ask(Op.READ, ['/a/b'])).toEqual(['READ hello'])
  expect(ask(Op.DIRECTORY, ['/a'])).toEqual(['DIRECTORY b'])
  expect(ask(Op.RM, ['/a'])).toEqual(['RM OK'])
  expect(ask(Op.READ, ['/a/b'])).toEqual(['ERROR ENOENT'])
})

test('fires watches: once at their registration, then before the reply to what they are about', () => {
  expect(ask(Op.WATCH, ['/a', 'token'])).toEqual(['WATCH OK', 'WATCH_EVENT /a token'])
  expect(write('/a/b', '1')).toEqual(['WATCH_EVENT /a/b token', 'WRITE OK'])
})

test('commits a transaction whole, and refuses one that meets a conflict', () => {
  write('/a', '1')
  const begin = () => Number(ask(Op.TRANSACTION_START, [''])[0]?.split(' ')[1])
  const first = begin()
  const second = begin()
  write('/a', '2', first)
  write('/a', '3', second)
  expect(ask(Op.READ, ['/a'])).toEqual(['READ 1'])
  expect(ask(Op.TRANSACTION_END, ['T'], first)).toEqual(['TRANSACTION_END OK'])
  expect(ask(Op.TRANSACTION_END, ['T'], second)).toEqual(['ERROR EAGAIN'])
  expect(ask(Op.READ, ['/a'])).toEqual(['READ 2'])
})

test('lets a domain do what permissions and quotas allow, and forgets it when it dies', () => {
  const seven = core.domain(7)
  write('/private', '1')
  expect(core.ask(seven, Op.READ, ['/private'])).toEqual(['ERROR EACCES'])
  expect(core.ask(seven, Op.WRITE, Buffer.from('data/a\0'))).toEqual(['WRITE OK'])
  expect(core.ask(seven, Op.GET_PERMS, ['data/a'])).toEqual(['GET_PERMS n7'])
  expect(core.ask(seven, Op.WRITE, Buffer.from(`data/a\0${'x'.repeat(2016)}`))).toEqual(['ERROR ENOSPC'])
  ask(Op.WATCH, ['@releaseDomain', 'token'])
  core.hypervisor.destroy(7)
  expect(core.told(core.dom0)).toEqual(['WATCH_EVENT @releaseDomain token'])
  expect(ask(Op.READ, ['/local/domain/7/data'])).toEqual(['ERROR ENOENT'])
})
