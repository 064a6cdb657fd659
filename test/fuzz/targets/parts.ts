import { createHash } from 'node:crypto'
import {
  COMMANDS,
  decodeResponseNode,
  encodeInParts,
  isResponseHead,
  joinParts,
  MESSAGE_BYTES_MAX,
  PARTS_MAX,
  VALUE_BYTES_MAX,
} from '@stubdom/protocol'
import { checkText, gist } from '../checks.ts'
import { promise, type Target } from '../target.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const about = { v: 1, digest: '0123456789abcdef', state: 'done' }
const { node, parts } = encodeInParts({ ...about, result: { filler: 'x'.repeat(2 * VALUE_BYTES_MAX) } }, about, sha256)

/** The first line is a head, each other one a part. */
export const PARTS: Target = {
  name: 'parts',
  summary: 'a response continued in parts',
  grammar: 'lines',
  seeds: [
    Buffer.from([node, ...parts].join('\n')),
    Buffer.from([JSON.stringify({ ...about, parts: 1, bytes: 2, sha256: sha256('{}') }), '{}'].join('\n')),
  ],
  maxBytes: 4 * VALUE_BYTES_MAX,
  run(input) {
    const [head = Buffer.alloc(0), ...found] = splitLines(input)
    const decoded = decodeResponseNode('response', COMMANDS.ping, head)
    if (!decoded.ok) return `head: ${gist(decoded.error.reason)}`
    if (!isResponseHead(decoded.value)) return 'no head'
    promise(decoded.value.parts <= PARTS_MAX && decoded.value.bytes <= MESSAGE_BYTES_MAX, 'the head announces too much')
    const joined = joinParts('response', decoded.value, found, sha256)
    if (!joined.ok) {
      checkText('the error', joined.error.message)
      return gist(joined.error.reason)
    }
    promise(Buffer.concat(found).equals(joined.value), 'what was joined is not what there was')
    promise(sha256(Buffer.from(joined.value).toString('latin1')) === decoded.value.sha256, 'the digest is another')
    return 'joined'
  },
}

/** Without copying. */
export function splitLines(input: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  let start = 0
  for (let end = input.indexOf(0x0a); end !== -1; end = input.indexOf(0x0a, start)) {
    lines.push(input.subarray(start, end))
    start = end + 1
  }
  return [...lines, input.subarray(start)]
}
