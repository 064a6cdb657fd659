import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Decoded, DecodeError } from '@stubdom/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkDecoded, checkPrototypes, gist } from './checks.ts'
import { save, saved } from './found.ts'
import { RUN_MS_MAX } from './fuzzer.ts'
import { run } from './run.ts'
import { publishedSchema } from './schema.ts'
import type { Target } from './target.ts'
import { encoded, SAMPLES } from './targets/samples.ts'

/** A decoder of events with a fault of its own: what the fuzzer is for. */
type Faulty = (message: unknown) => unknown

function targetWith(fault: Faulty): Target {
  const conforms = publishedSchema('event')
  const decode = (bytes: Uint8Array): Decoded<unknown> => {
    const text = Buffer.from(bytes).toString('latin1')
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch {
      return { ok: false, error: new DecodeError('event', 'not JSON') }
    }
    const value = fault(message)
    if (value instanceof DecodeError) return { ok: false, error: value }
    const problem = conforms(value)
    return problem === undefined || value !== message
      ? { ok: true, value }
      : { ok: false, error: new DecodeError('event', problem.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)) }
  }
  return {
    name: 'planted',
    summary: 'a decoder with a fault',
    grammar: 'json',
    seeds: encoded(SAMPLES.event),
    maxBytes: 2_000,
    run(input) {
      const decoded = checkDecoded(decode, input, conforms)
      checkPrototypes()
      return decoded.ok ? 'decoded' : gist(decoded.error.reason)
    },
  }
}

function depthOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
}

/** Synchronously, as a decoder that takes too long does. */
function waste(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** What a decoder without a fault makes of a message. */
const right: Faulty = message => message

describe('a fault is found, and the input that shows it is made small:', () => {
  test.each<[string, Faulty, RegExp, number]>([
    [
      'it throws where nesting is deep',
      message => {
        if (depthOf(message) > 4) throw new RangeError('Maximum call stack size exceeded')
        return message
      },
      /RangeError/,
      12,
    ],
    [
      'it lets unknown keys through',
      message => (isObject(message) && 'more' in message ? { ...message, v: 1, seq: 1, event: 'STOP' } : message),
      /does not fit its schema: +has "[^"]*", which it may not/,
      12,
    ],
    [
      'it takes a list for an object',
      message => (Array.isArray(message) ? { v: 1, seq: message, event: 'STOP' } : message),
      /does not fit its schema: .seq is no integer/,
      2,
    ],
    [
      'it quotes what came as it came',
      message =>
        isObject(message) && typeof message['event'] === 'string' && message['event'] !== 'DEVICE_DELETED'
          ? new DecodeError('event', `${message['event']} is no event`)
          : message,
      /unprintable character/,
      30,
    ],
    [
      'it fills in what all objects inherit',
      message => {
        if (isObject(message) && Object.hasOwn(message, '__proto__')) {
          Reflect.set(Object.getPrototypeOf({}) as object, 'polluted', 1)
        }
        return message
      },
      /a prototype that all share was changed/,
      20,
    ],
    [
      'it is slow',
      message => {
        if (isObject(message) && message['seq'] === 2 ** 53) waste(RUN_MS_MAX + 50)
        return message
      },
      /takes more than/,
      1_000,
    ],
  ])('%s', { timeout: 60_000 }, async (_, fault, problem, sizeMax) => {
    onTestFinished(() => void Reflect.deleteProperty(Object.prototype, 'polluted'))
    const { found } = await run([targetWith(fault)], { seed: 1, inputs: 20_000, findings: 1 })
    expect(found[0]?.problem).toMatch(problem)
    expect(found[0]?.input.length).toBeLessThanOrEqual(sizeMax)
  })

  test('and none where there is none', async () => {
    const { found, targets } = await run([targetWith(right)], { seed: 1, inputs: 5_000 })
    expect(found).toEqual([])
    expect(targets[0]?.outcomes).toBeGreaterThan(5)
  })
})

test('the same seed gives the same inputs', async () => {
  const inputs = async (seed: number): Promise<string[]> => {
    const all: string[] = []
    const onInput = (_: Target, input: Uint8Array): void => void all.push(Buffer.from(input).toString('latin1'))
    await run([targetWith(right)], { seed, inputs: 300, onInput })
    return all
  }
  expect(await inputs(7)).toEqual(await inputs(7))
  expect(await inputs(7)).not.toEqual(await inputs(8))
})

test('what is saved is found again, once', () => {
  const directory = mkdtempSync(join(tmpdir(), 'found-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const input = Buffer.from([0, 255, 10])
  expect(save('event', input, directory)).toBe(save('event', input, directory))
  expect(saved('event', directory).map(one => Buffer.from(one.input))).toEqual([input])
  expect(saved('hello', directory)).toEqual([])
})
