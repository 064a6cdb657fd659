import { expect, test } from 'vitest'
import { commandDigest } from '../digest.ts'
import type { Request } from '../messages/request.ts'
import type { FinalResponse, PendingResponse } from '../messages/response.ts'
import { sha256 } from '../testing/text.ts'
import { type AdmissionContext, admit } from './admission.ts'
import { AnswerMemory } from './memory.ts'

const ID = '0mhx3k2a-00abcde'
const args = { bdf: '0000:03:00.0' }
const digest = commandDigest(sha256, 'pci-attach', args)
const request: Request = { v: 1, epoch: 'e1e1e1e1', deadlineMs: 100, args }
const running: PendingResponse = { v: 1, digest, state: 'running' }
const other = 'f'.repeat(16)
const earlier: FinalResponse = { v: 1, digest, state: 'done', result: 'earlier' }

interface Case {
  command?: string
  request?: Partial<Request>
  left?: PendingResponse
  remembered?: FinalResponse
  full?: boolean
}

function verdict({ command = 'pci-attach', request: changes, left, remembered, full = false }: Case): string {
  const memory = new AnswerMemory()
  if (remembered) memory.remember(ID, remembered)
  const context: AdmissionContext = { epoch: 'e1e1e1e1', sha256, memory, full, now: 1_000 }
  const admission = admit(command, ID, { ...request, ...changes }, left, context)
  if (admission.kind === 'leave') return 'leave'
  if (admission.kind === 'queue') return `${admission.request.mode.kind} until ${admission.request.deadlineAt}`
  const { response } = admission
  return response.state === 'failed' ? `${response.error.outcome} ${response.error.code}` : response.state
}

const stale = { epoch: 'e0e0e0e0' }

test.each<[string, Case, string]>([
  ['a good one', {}, 'run until 1100'],
  ['a later version', { request: { v: 2 } }, 'not-done version'],
  ['an unknown command', { command: 'dance' }, 'not-done unsupported'],
  ['a command that objects inherit', { command: 'constructor' }, 'not-done unsupported'],
  ['wrong arguments', { request: { args: {} } }, 'not-done bad-request'],
  ['an option that is not known', { request: { args: { ...args, fast: true } } }, 'not-done bad-request'],
  ['an earlier agent was meant', { request: stale }, 'not-done stale-epoch'],
  ['an earlier agent was meant, and taken back', { request: { ...stale, cancel: true } }, 'not-done expired'],
  ['taken back', { request: { cancel: true } }, 'cancelled'],
  ['the window is full', { full: true }, 'not-done busy'],
  ['taken back while the window is full', { full: true, request: { cancel: true } }, 'cancelled'],
  ['answered before', { remembered: earlier }, 'done'],
  [
    'answered before, whatever was asked of it since',
    { remembered: earlier, full: true, request: { cancel: true, ...stale } },
    'done',
  ],
  ['answered before for something else', { remembered: { ...earlier, digest: other } }, 'not-done expired'],
  ['claimed by an earlier agent', { left: running, request: stale }, 'reconcile until 1100'],
  [
    'claimed by an earlier agent, taken back, the window full',
    { left: running, full: true, request: { ...stale, cancel: true } },
    'reconcile until 1100',
  ],
  [
    'a query, claimed by an earlier agent',
    {
      command: 'ping',
      left: { ...running, digest: commandDigest(sha256, 'ping', {}) },
      request: { ...stale, args: {} },
    },
    'not-done stale-epoch',
  ],
  ['the node stands for something else', { left: { ...running, digest: other } }, 'leave'],
  [
    'the node stands for something else, the arguments are wrong',
    { left: { ...running, digest: other }, request: { args: {} } },
    'leave',
  ],
  [
    'the node stands for something else, the version is another',
    { left: { ...running, digest: other }, request: { v: 2 } },
    'leave',
  ],
])('%s', (_, example, expected) => {
  expect(verdict(example)).toBe(expected)
})

test('ids older than what is forgotten are refused, since they may have been carried out; queries are not', () => {
  const memory = new AnswerMemory()
  for (let n = 0; n < 4_097; n++) memory.remember(`1mhx3k2a-${n.toString(36)}`, earlier)
  const context = { epoch: 'e1e1e1e1', sha256, memory, full: false, now: 0 }
  expect(admit('pci-attach', ID, request, undefined, context)).toMatchObject({
    response: { error: { code: 'expired' } },
  })
  expect(admit('ping', ID, { ...request, args: {} }, undefined, context)).toMatchObject({ kind: 'queue' })
})
