import { createHash } from 'node:crypto'
import { encodeJson } from '../codec/text.ts'

/** Bytes of a text, as a node holds them. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Bytes of a value’s JSON, as either side writes it. */
export function jsonBytes(value: unknown): Uint8Array {
  return bytes(encodeJson(value))
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
