import { describe, expect, test } from 'vitest'
import { encodeInParts } from '../codec/parts.ts'
import { COMMANDS } from '../commands/index.ts'
import { Call, type CallSpec } from '../requester/call.ts'
import type { CallEffect, CallInput } from '../requester/io.ts'
import { jsonBytes, sha256 } from './text.ts'

export const ID = '0mhx3k2a-00abcde'
export const EPOCH = 'e1e1e1e1'
export const BDF = '0000:03:00.0'
export const DEADLINE = 10_000
export const GRACE = 2_000

export const spec: CallSpec = {
  id: ID,
  definition: COMMANDS['pci-detach'],
  args: { bdf: BDF },
  epoch: EPOCH,
  deadlineMs: DEADLINE,
  graceMs: GRACE,
  sha256,
}
const { digest } = new Call(spec)

export const common = { v: 1, digest }
export const running = response({ ...common, state: 'running' })
export const accepted = response({ ...common, state: 'accepted' })
export const tooLate = response({ ...common, state: 'accepted', cancel: 'too-late' })
export const done = response({ ...common, state: 'done', result: { bdf: BDF, qdevId: 'pci-pt-0000_03_00.0' } })
export const cancelled = response({ ...common, state: 'cancelled' })
export const failed = (error: object) =>
  response({
    ...common,
    state: 'failed',
    error: { code: 'device-not-found', message: 'no', outcome: 'not-done', ...error },
  })
export const nothing: CallInput = { on: 'response-read', bytes: undefined }

export function response(value: unknown): CallInput {
  return { on: 'response-read', bytes: jsonBytes(value) }
}
export function refusedWith(...refused: object[]): CallInput {
  return { on: 'refused-read', bytes: jsonBytes({ v: 1, refused }) }
}
export function helloOf(epoch: string | undefined): CallInput {
  return { on: 'hello-read', epoch }
}

function short(effect: CallEffect): string {
  if (effect.do === 'report') return `report ${effect.response.state}`
  if (effect.do === 'read-parts') return `read-parts ${effect.count}`
  if (effect.do !== 'end') return effect.do
  const { verdict } = effect
  return 'code' in verdict ? `end ${verdict.outcome} ${verdict.code}` : `end ${verdict.outcome}`
}

/** What happens at which time, and exactly what the call wants done then. */
export type Step = readonly [at: number, input: CallInput | CallInput['on'], ...effects: string[]]

export function play(call: Call, steps: readonly Step[]): CallEffect[] {
  const given = steps.map(([at, input]) =>
    call.handle(typeof input === 'string' ? ({ on: input } as CallInput) : input, at),
  )
  const label = ([at, input]: Step, index: number) =>
    `${index}: at ${at} ${typeof input === 'string' ? input : input.on}`
  const transcript = steps.map((step, index) => [label(step, index), ...(given[index] ?? []).map(short)])
  expect(transcript).toEqual(steps.map((step, index) => [label(step, index), ...step.slice(2)]))
  return given.flat()
}

export function verdictOf(effects: CallEffect[]) {
  const last = effects.at(-1)
  return last?.do === 'end' ? last.verdict : undefined
}

export const sent: Step[] = [
  [0, 'start', 'write-request', 'read-hello'],
  [1, 'request-written'],
  [1, helloOf(EPOCH)],
]
export const calledBack: Step[] = [...sent, [DEADLINE, 'tick', 'write-cancel', 'read-response', 'read-refused']]
export const pickedUp: Step[] = [[0, 'start', 'read-request', 'read-response']]
const request = jsonBytes({ v: 1, epoch: EPOCH, deadlineMs: DEADLINE, args: { bdf: BDF } })
export const there: CallInput = { on: 'request-read', bytes: request }
export const head = encodeInParts(
  { ...common, state: 'done', result: { text: 'x'.repeat(4_000) } },
  { ...common, state: 'done' },
  sha256,
)

/** What a call is told and wants done, step by step; with what its spec has besides. */
export type CallScenario = [name: string, steps: Step[], overrides?: Partial<CallSpec>]

/** Each scenario as a test: exactly these effects, and the call has ended just when the last of them says so. */
export function testCalls(scenarios: readonly CallScenario[]): void {
  describe('a call', () => {
    test.each(scenarios)('%s', (_, steps, overrides = {}) => {
      const call = new Call({ ...spec, ...overrides })
      play(call, steps)
      const ends = steps.at(-1)?.at(-1)
      expect(call.ended).toBe(typeof ends === 'string' && ends.startsWith('end '))
      expect(call.wakeAt === Number.POSITIVE_INFINITY).toBe(call.ended)
    })
  })
}
