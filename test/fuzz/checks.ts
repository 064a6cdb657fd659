import { type Decoded, DecodeError, encodeJson } from '@stubdom/protocol'
import { promise } from './target.ts'

/** What terminals obey, or what makes text read otherwise than it is. Written down here once more, on purpose: it judges `printable`. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u

/** Characters of an error's text: it is one line in a log. */
const MESSAGE_MAX = 400

export function checkText(what: string, text: string, max: number = MESSAGE_MAX): void {
  promise(text.length <= max, `${what} has ${text.length} characters`)
  promise(!UNPRINTABLE.test(text), `${what} has an unprintable character: ${JSON.stringify(text)}`)
}

/** A decoder's answer: a value that `conforms`, is plain and survives being encoded, or a DecodeError that is fit for a terminal. */
export function checkDecoded<T>(
  decode: (bytes: Uint8Array) => Decoded<T>,
  input: Uint8Array,
  conforms: (value: T) => string | undefined,
  encode: (value: T) => unknown = value => value,
): Decoded<T> {
  const decoded = decode(input)
  if (!decoded.ok) {
    const { error } = decoded
    promise(error instanceof DecodeError, `the error is no DecodeError: ${error}`)
    checkText('the error', error.message)
    return decoded
  }
  const problem = conforms(decoded.value)
  promise(problem === undefined, `the value does not fit its schema: ${problem}`)
  checkPlain(decoded.value, 0)
  const text = encodeJson(encode(decoded.value))
  // Escapes may make it longer than it came, never longer than a value may be in both forms.
  if (text.length > input.length) return decoded
  const again = decode(Buffer.from(text))
  promise(again.ok && encodeJson(encode(again.value)) === text, 'the value is another when it is encoded and decoded')
  return decoded
}

/** In a request, which only dom0 writes: judged by the command, later. */
const ARBITRARY = 'args'

/** Nothing but what JSON has, and no key that objects inherit. */
function checkPlain(value: unknown, depth: number): void {
  promise(depth <= 20, 'the value is nested deeper than any message')
  if (typeof value === 'number') promise(Number.isFinite(value), `a number is ${value}`)
  if (typeof value !== 'object' || value === null) return
  const prototype: unknown = Object.getPrototypeOf(value)
  promise(prototype === Object.prototype || prototype === Array.prototype, 'an object has a prototype of its own')
  for (const key of Object.keys(value)) {
    if (key === ARBITRARY) continue
    promise(key !== '__proto__' && key !== 'constructor' && key !== 'prototype', `there is a key ${key}`)
    checkPlain((value as Record<string, unknown>)[key], depth + 1)
  }
}

const inherited = [Object.prototype, Array.prototype, Function.prototype].map(
  prototype => [prototype, Reflect.ownKeys(prototype).length] as const,
)

/** That nothing was put where all objects look. */
export function checkPrototypes(): void {
  for (const [prototype, keys] of inherited)
    promise(Reflect.ownKeys(prototype).length === keys, 'a prototype that all share was changed')
}

/** A text without what differs from one input to the next: numbers and quoted words. */
export function gist(text: string): string {
  return text
    .replace(/not JSON.*/, 'not JSON')
    .replace(/"[^"]*"?|\d+/g, '#')
    .replace(/#(, #)+/g, '#')
    .slice(0, 80)
}

/** The form of a value: its keys, sorted, to two levels, and the values of closed enumerations. */
export function shapeOf(value: unknown, depth = 0): string {
  if (Array.isArray(value)) return `[${value.length === 0 ? '' : depth > 2 ? '…' : shapeOf(value[0], depth + 1)}]`
  if (typeof value !== 'object' || value === null) return typeof value
  if (depth > 2) return '{…}'
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => (ENUMERATIONS.has(key) && typeof item === 'string' ? `${key}=${item.slice(0, 32)}` : `${key}:${shapeOf(item, depth + 1)}`)).join()}}`
}

const ENUMERATIONS = new Set(['state', 'stage', 'event', 'code', 'outcome'])
