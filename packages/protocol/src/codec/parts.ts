import type { Sha256 } from '../digest.ts'
import { EncodeError } from '../errors.ts'
import { MESSAGE_BYTES_MAX, VALUE_BYTES_MAX } from '../limits.ts'
import type { Continuation } from '../messages/head.ts'
import { type Decoded, decoded, undecodable } from './decode.ts'
import { encodeJson } from './text.ts'

/** A message ready to be written: the parts first, the node itself last, since that is what commits it. */
export interface EncodedMessage {
  readonly node: string
  readonly parts: readonly string[]
}

/**
 * Encodes `message`, in parts if it does not fit one value.
 * @param head what the node holds besides the continuation's own fields when there are parts
 * @param nodeBytes what the node may hold: less than a value may where it will be rewritten with a field more
 * @throws EncodeError `too-large`
 */
export function encodeInParts(
  message: object,
  head: object,
  sha256: Sha256,
  nodeBytes: number = VALUE_BYTES_MAX,
): EncodedMessage {
  const text = encodeJson(message)
  if (text.length <= nodeBytes) return { node: text, parts: [] }
  if (text.length > MESSAGE_BYTES_MAX) {
    throw new EncodeError('too-large', `the message has ${text.length} bytes, the limit is ${MESSAGE_BYTES_MAX}`)
  }
  const parts: string[] = []
  for (let at = 0; at < text.length; at += VALUE_BYTES_MAX) parts.push(text.slice(at, at + VALUE_BYTES_MAX))
  const continuation: Continuation = { parts: parts.length, bytes: text.length, sha256: sha256(text) }
  return { node: encodeJson({ ...head, ...continuation }), parts }
}

/** Puts parts together again; anything but exactly what the head announced is an error. */
export function joinParts(
  what: string,
  head: Continuation,
  parts: readonly (Uint8Array | undefined)[],
  sha256: Sha256,
): Decoded<Uint8Array> {
  const bytes = parts.reduce((sum, part) => sum + (part?.length ?? 0), 0)
  const missing = parts.findIndex(part => part === undefined)
  if (parts.length !== head.parts || missing !== -1) {
    return undecodable(what, `part ${missing === -1 ? parts.length : missing} of ${head.parts} is missing`)
  }
  if (bytes !== head.bytes) return undecodable(what, `its parts hold ${bytes} bytes, its head announced ${head.bytes}`)
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    whole.set(part as Uint8Array, at)
    at += (part as Uint8Array).length
  }
  if (whole.some(byte => byte > 0x7e)) return undecodable(what, 'its parts are not ASCII')
  const text = new TextDecoder('latin1').decode(whole)
  return sha256(text) === head.sha256
    ? decoded(whole)
    : undecodable(what, 'its parts have another SHA-256 than its head says')
}
