/** DIRECTORY and DIRECTORY_PART. */

import { PAYLOAD_MAX } from '../../wire/messages.ts'
import { find } from '../node-access.ts'
import { Right } from '../permissions.ts'
import { Refusal } from '../refusal.ts'
import { nodePath, onlyPath, type Reply, type Request } from '../request.ts'
import { decodeNumber, decodeStrings, encodeStrings } from '../text.ts'

/** Answered with E2BIG when the list is too long for one message. */
export function directory(request: Request): Reply {
  const { children } = find(request.session, request.view, onlyPath(request), Right.READ)
  return encodeStrings(...children)
}

/**
 * The node's generation, then as many whole names from the given offset into the list as fit; an empty string ends the
 * last part. A reader starts anew when the generation changes between parts.
 */
export function directoryPart(request: Request): Reply {
  const [text = '', offsetText, ...rest] = decodeStrings(request.payload)
  if (offsetText === undefined || rest.length > 0) throw new Refusal('EINVAL')
  const { children, generation } = find(request.session, request.view, nodePath(request, text), Right.READ)
  const list = encodeStrings(...children)
  const head = encodeStrings(`${generation}`)
  const offset = decodeNumber(offsetText)
  if (offset >= list.length) return Buffer.concat([head, encodeStrings('')])
  const end = endOfWholeNames(list, offset, PAYLOAD_MAX - head.length - 1)
  return Buffer.concat([head, list.subarray(offset, end), end === list.length ? encodeStrings('') : Buffer.alloc(0)])
}

function endOfWholeNames(list: Buffer, offset: number, room: number): number {
  return list.lastIndexOf(0, offset + room - 1) + 1
}
