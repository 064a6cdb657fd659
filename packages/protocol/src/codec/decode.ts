import type * as z from 'zod/mini'
import { DecodeError } from '../errors.ts'
import { JSON_DEPTH_MAX } from '../limits.ts'
import { issueText } from './issue.ts'
import { printable } from './text.ts'

/** The outcome of decoding: decoders return errors, they do not throw them. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: DecodeError }

export function decoded<T>(value: T): Decoded<T> {
  return { ok: true, value }
}

export function undecodable(what: string, reason: string): Decoded<never> {
  return { ok: false, error: new DecodeError(what, reason) }
}

/**
 * Parses JSON that an attacker may have written: the size and the charset are checked before anything looks at it, the depth before it is parsed.
 * @param what names the node in errors: `response ping/0mhx…`
 */
export function decodeJson(what: string, bytes: Uint8Array, maxBytes: number): Decoded<unknown> {
  if (bytes.length > maxBytes) return undecodable(what, `it holds ${bytes.length} bytes, the limit is ${maxBytes}`)
  let depth = 0
  let inString = false
  let escaped = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte < 0x20 || byte > 0x7e)
      return undecodable(what, `byte ${at} is 0x${byte.toString(16)}, not printable ASCII`)
    if (inString) {
      if (escaped) escaped = false
      else if (byte === BACKSLASH) escaped = true
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > JSON_DEPTH_MAX) return undecodable(what, `it is nested deeper than ${JSON_DEPTH_MAX}`)
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
  }
  const text = ascii(bytes)
  try {
    return decoded(JSON.parse(text))
  } catch {
    return undecodable(what, `it is not JSON: ${printable(text, 40)}`)
  }
}

/** {@link decodeJson}, then a schema. */
export function decodeWith<S extends z.ZodMiniType>(
  what: string,
  schema: S,
  bytes: Uint8Array,
  maxBytes: number,
): Decoded<z.output<S>> {
  const json = decodeJson(what, bytes, maxBytes)
  return json.ok ? checkWith(what, schema, json.value) : json
}

/** Checks a parsed value against a schema; the error names the first field that is wrong. */
export function checkWith<S extends z.ZodMiniType>(what: string, schema: S, value: unknown): Decoded<z.output<S>> {
  const result = schema.safeParse(value)
  return result.success ? decoded(result.data) : undecodable(what, issueText(result.error))
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

function ascii(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return text
}

// Arguments of one call: far below any engine's limit.
const CHUNK = 4096
