import { describe, expect, test } from 'vitest'
import { commandDigest } from '../digest.ts'
import type { ExecutionOutcome, ResponderEffect, ResponderInput } from '../responder/io.ts'
import { Responder } from '../responder/responder.ts'
import { jsonBytes, sha256 } from './text.ts'

export const EPOCH = 'e1e1e1e1'
export const A = '0000:03:00.0'
export const B = '0000:04:00.0'
export const DEADLINE = 10_000

export type Key = `${string}/${string}`
export const ping = (n: number): Key => `ping/0mhx3k2a-p${n}`
export const attach = (n: number): Key => `pci-attach/0mhx3k2a-a${n}`
export const save: Key = 'save-state/0mhx3k2a-s'

export function key(name: Key) {
  const [command = '', id = ''] = name.split('/')
  return { command, id }
}

// What the responder is told.
export const started = (
  requests: Key[] = [],
  responses: [Key, unknown][] = [],
  responseParts: string[] = [],
): ResponderInput => ({
  on: 'started',
  requests: requests.map(key),
  responses: responses.map(([name, value]) => ({ ...key(name), bytes: jsonBytes(value) })),
  responseParts,
})
export const hint = (name: Key): ResponderInput => ({ on: 'hint', ...key(name) })
export const read = (name: Key, args: object | undefined, fields: object = {}): ResponderInput => ({
  on: 'request-read',
  ...key(name),
  bytes: args && jsonBytes({ v: 1, epoch: EPOCH, deadlineMs: DEADLINE, args, ...fields }),
})
export const claimed = (name: Key, args: object | undefined, fields: object = {}): ResponderInput => ({
  on: 'claimed',
  ...key(name),
  request: args && jsonBytes({ v: 1, epoch: EPOCH, deadlineMs: DEADLINE, args, ...fields }),
})
export const about = (
  on: 'claim-refused' | 'accepted' | 'answer-written' | 'answer-refused',
  name: Key,
): ResponderInput => ({
  on,
  ...key(name),
})
export const executed = (name: Key, outcome: ExecutionOutcome = { kind: 'done', result: {} }): ResponderInput => ({
  on: 'executed',
  ...key(name),
  outcome,
})
export const listed = (command: string, ...names: Key[]): ResponderInput => ({
  on: 'requests-listed',
  command,
  ids: names.map(name => key(name).id),
})
export const tick: ResponderInput = { on: 'tick' }
export const disconnected: ResponderInput = { on: 'disconnected' }

/** An effect in words: what, whose, and what of its content matters. */
function short(effect: ResponderEffect): string {
  switch (effect.do) {
    case 'write-answer': {
      const { state, error, reconciled, parts } = JSON.parse(effect.message.node)
      const detail = error
        ? ` ${error.outcome} ${error.code}`
        : reconciled
          ? ' reconciled'
          : parts
            ? ` in ${parts}`
            : ''
      return `answer ${effect.id} ${state}${detail}`
    }
    case 'write-pending': {
      const { state, overdue, cancel, stage } = JSON.parse(effect.node)
      return ['pending', effect.id, state, stage, overdue && 'overdue', cancel].filter(Boolean).join(' ')
    }
    case 'write-refused': {
      const { refused } = JSON.parse(effect.node)
      return `refused ${refused.map(({ id, code }: { id: string; code: string }) => `${id} ${code}`).join(', ')}`
    }
    case 'execute':
      return effect.mode.kind === 'run' ? `execute ${effect.id}` : `reconcile ${effect.id}`
    case 'remove-response':
      return `remove ${effect.id}${effect.parts ? ' parts' : ''}${effect.directory ? ' directory' : ''}`
    case 'remove-parts':
      return `remove-parts ${effect.id}`
    case 'list-requests':
      return `list ${effect.command}`
    case 'read-request-parts':
      return `read-parts ${effect.id} ${effect.count}`
    case 'read-request':
      return `read ${effect.id}`
    case 'claim':
      return `claim ${effect.id}`
    case 'abort-execution':
      return `abort ${effect.id}`
  }
}

/** What happens at which time, and exactly what the responder wants done then. `$a1` stands for the id of `attach(1)`. */
export type Step = readonly [at: number, input: ResponderInput, ...effects: string[]]

/** The steps as they go, to be compared with {@link script}. */
function transcript(agent: Responder, steps: readonly Step[]): string[][] {
  return steps.map(([at, input], index) => [label(at, input, index), ...agent.handle(input, at).map(short)])
}

/** The steps as they should go. */
function script(steps: readonly Step[]): string[][] {
  return steps.map(([at, input, ...effects], index) => [
    label(at, input, index),
    ...effects.map(text => text.replaceAll('$', '0mhx3k2a-')),
  ])
}

export function play(agent: Responder, steps: readonly Step[]): void {
  expect(transcript(agent, steps)).toEqual(script(steps))
}

function label(at: number, input: ResponderInput, index: number): string {
  return `${index}: at ${at} ${input.on}`
}

/** Named scenarios by their subject: each is played by an agent of its own. */
export type Scenarios = Readonly<Record<string, readonly (readonly [name: string, steps: Step[]])[]>>

export function testScenarios(scenarios: Scenarios): void {
  describe.each(Object.entries(scenarios))('%s', (_, cases) => {
    test.each(cases)('%s', (_name, steps) => {
      expect(transcript(responder(), steps)).toEqual(script(steps))
    })
  })
}

export function responder(window?: number): Responder {
  return new Responder({ epoch: EPOCH, sha256, ...(window === undefined ? {} : { window }) })
}

export const begin: Step = [0, started()]
export const pinged: Step[] = [
  begin,
  [0, hint(ping(1)), 'read $p1'],
  [1, read(ping(1), {}), 'execute $p1'],
  [2, executed(ping(1)), 'answer $p1 done'],
  [3, about('answer-written', ping(1))],
]
export const claiming: Step[] = [begin, [0, hint(attach(1)), 'read $a1'], [1, read(attach(1), { bdf: A }), 'claim $a1']]
export const executing: Step[] = [...claiming, [2, claimed(attach(1), { bdf: A }), 'execute $a1']]
export const answering: Step[] = [...executing, [3, executed(attach(1)), 'answer $a1 done']]
export const answered: Step[] = [...answering, [4, about('answer-written', attach(1))]]
const digestA = commandDigest(sha256, 'pci-attach', { bdf: A })
export const left = (state: string, digest = digestA) => ({ v: 1, digest, state })
export const finished = { ...left('cancelled') }
export const cancel = { cancel: true }
