import { nulTerminated, splitNul } from '../wire/codec.ts'
import { Op } from '../wire/messages.ts'
import type { Requester } from './connection.ts'
import { isErrno, XenstoreReplyError, XenstoreUsageError } from './errors.ts'
import type { Limits } from './limits.ts'

const DEFAULT_MAX_BYTES = 1024 * 1024

/** How often a directory that changes while it is read in parts is read. */
export const READINGS_MAX = 10

interface Listing {
  readonly path: string
  /** The most bytes of names to accept, each with a byte for its end. */
  readonly maxBytes?: number | undefined
}

/** The names of a node's children, in one message when they fit, else in parts. */
export async function listDirectory(requester: Requester, listing: Listing, limits: Limits): Promise<string[]> {
  const { path, maxBytes = DEFAULT_MAX_BYTES } = listing
  if (!(maxBytes > 0)) throw new XenstoreUsageError(`list ${path}`, `maxBytes is ${maxBytes}, not a positive number`)
  const whole = await requester
    .request({ op: Op.DIRECTORY, path, payload: nulTerminated(path) }, limits)
    .catch((error: unknown) => {
      if (isErrno(error, 'E2BIG')) return undefined
      throw error
    })
  if (whole) {
    if (whole.length > maxBytes) throw tooLarge('DIRECTORY', path, maxBytes)
    return splitNul(whole)
  }
  for (let reading = 1; reading <= READINGS_MAX; reading++) {
    const names = await readInParts(requester, path, maxBytes, limits)
    if (names) return names
  }
  throw new XenstoreReplyError('EAGAIN', 'DIRECTORY_PART', path, `it changed during each of ${READINGS_MAX} readings`)
}

/** Undefined when the directory changed between two parts. */
async function readInParts(
  requester: Requester,
  path: string,
  maxBytes: number,
  limits: Limits,
): Promise<string[] | undefined> {
  const parts: Buffer[] = []
  let generation: string | undefined
  let offset = 0
  for (;;) {
    const request = { op: Op.DIRECTORY_PART, path, payload: nulTerminated(path, String(offset)) }
    const part = parsePart(await requester.request(request, limits))
    if (!part) throw requester.violation(`a part of the directory ${path} that cannot be read`)
    generation ??= part.generation
    if (part.generation !== generation) return undefined
    parts.push(part.names)
    offset += part.names.length
    if (offset > maxBytes) throw tooLarge('DIRECTORY_PART', path, maxBytes)
    if (part.isLast) return splitNul(Buffer.concat(parts))
  }
}

interface Part {
  /** Changes whenever the directory does. */
  readonly generation: string
  /** NUL-terminated, each. */
  readonly names: Buffer
  readonly isLast: boolean
}

/** The generation, names, and in the last part an empty string. Source: Xen, docs/misc/xenstore.txt. */
function parsePart(payload: Buffer): Part | undefined {
  const end = payload.indexOf(0)
  const generation = payload.toString('latin1', 0, end)
  if (end < 0 || !/^\d+$/.test(generation)) return undefined
  const rest = payload.subarray(end + 1)
  const isLast = rest.at(-1) === 0 && (rest.length === 1 || rest.at(-2) === 0)
  const names = isLast ? rest.subarray(0, -1) : rest
  // Parts without names that are not the last would be asked for without end.
  return names.length > 0 || isLast ? { generation, names, isLast } : undefined
}

function tooLarge(operation: string, path: string, maxBytes: number): XenstoreReplyError {
  return new XenstoreReplyError('E2BIG', operation, path, `its children's names have more than ${maxBytes} bytes`)
}
