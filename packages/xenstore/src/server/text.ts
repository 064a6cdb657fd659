/**
 * Paths, tokens and permissions are bytes without an encoding on the wire. Here they are strings of one character per
 * byte, so that whatever a client sends comes back to it unchanged.
 */

const NUL = 0

/** Each string with its terminating NUL, joined. */
export function encodeStrings(...strings: readonly string[]): Buffer {
  return Buffer.from(strings.map(text => `${text}\0`).join(''), 'latin1')
}

/** The strings that end in NUL; what comes after the last NUL is ignored, as by xenstored's get_strings. */
export function decodeStrings(payload: Buffer): string[] {
  return payload.toString('latin1').split('\0').slice(0, -1)
}

/** The string that the payload consists of; undefined unless its only NUL is its last byte. */
export function decodeOnlyString(payload: Buffer): string | undefined {
  if (payload.length === 0 || payload.indexOf(NUL) !== payload.length - 1) return undefined
  return payload.toString('latin1', 0, payload.length - 1)
}

/** A string, and all bytes after its NUL; undefined when there is no NUL. */
export function decodeStringAndRest(payload: Buffer): [string, Buffer] | undefined {
  const end = payload.indexOf(NUL)
  return end < 0 ? undefined : [payload.toString('latin1', 0, end), payload.subarray(end + 1)]
}

/** A number as atoi(3) reads it, which is how xenstored reads every number: no digits are 0. */
export function decodeNumber(text: string | undefined): number {
  return (Number.parseInt(text ?? '', 10) || 0) >>> 0
}
