import type { ResponderInput } from '@stubdom/protocol'
import { type XenstoreClient, XenstoreReplyError, XenstoreTimeoutError } from '@stubdom/xenstore'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ResponderIo, type StoreEffect } from './io.ts'

const KEY = { command: 'pci-attach', id: '0mhx3k2a-00abcde' }
const MESSAGE = { node: '{}', parts: [] }

/** A connection on which everything ends with the same error: at which moment a daemon stalls cannot be chosen with a real one. */
function failingWith(error: Error) {
  const told: ResponderInput[] = []
  let closed = 0
  const fail = async () => {
    throw error
  }
  const close = async () => void closed++
  const xenstore = { readIfExists: fail, list: fail, write: fail, rm: fail, close } as unknown as XenstoreClient
  let unlistable = 0
  const io = new ResponderIo(
    xenstore,
    input => told.push(input),
    () => unlistable++,
    pino({ level: 'silent' }),
  )
  return { io, told, closed: () => closed, unlistable: () => unlistable }
}

const EFFECTS: StoreEffect[] = [
  { do: 'read-request', ...KEY },
  { do: 'claim', ...KEY, node: '{}' },
  { do: 'write-answer', ...KEY, message: MESSAGE },
  { do: 'write-pending', ...KEY, node: '{}' },
  { do: 'list-requests', command: 'pci-attach' },
]

test.each(EFFECTS.map(effect => [effect.do, effect] as const))(
  '%s: what gets no reply in time ends the connection, since nobody can tell what came of it',
  async (_, effect) => {
    const { io, told, closed } = failingWith(new XenstoreTimeoutError('WRITE', 25_000))
    io.perform(effect)
    await expect.poll(closed).toBe(1)
    expect(told).toEqual([])
  },
)

test('a request that cannot be read ends the connection: nothing else would look at it again', async () => {
  const { io, closed } = failingWith(new XenstoreReplyError('EIO', 'READ'))
  io.perform({ do: 'read-request', ...KEY })
  await expect.poll(closed).toBe(1)
})

test.each(['E2BIG', 'ENOSYS'])(
  'a directory that cannot be listed to a domain (%s) is listed later, and the connection goes on',
  async code => {
    const { io, told, closed, unlistable } = failingWith(new XenstoreReplyError(code, 'DIRECTORY_PART'))
    io.perform({ do: 'list-requests', command: 'pci-attach' })
    await expect.poll(unlistable).toBe(1)
    expect([told, closed()]).toEqual([[], 0])
  },
)

test('a claim or an answer that is refused is told, and the connection goes on', async () => {
  const { io, told, closed } = failingWith(new XenstoreReplyError('ENOSPC', 'WRITE'))
  io.perform({ do: 'claim', ...KEY, node: '{}' })
  io.perform({ do: 'write-answer', ...KEY, message: MESSAGE })
  io.perform({ do: 'write-pending', ...KEY, node: '{}' })
  await expect.poll(() => told.map(({ on }) => on).toSorted()).toEqual(['answer-refused', 'claim-refused'])
  expect(closed()).toBe(0)
})
