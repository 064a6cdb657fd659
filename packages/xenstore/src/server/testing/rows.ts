import { Op } from '../../wire/messages.ts'
import { decodeStrings, encodeStrings } from '../text.ts'

/**
 * A specification is a text of rows; two or more spaces part the columns:
 *
 *     who   tx   request        reply    events
 *     0     -    watch /a tok   OK       then 0 /a tok
 *     7     t1   write /a <9>   EACCES
 *
 * - who: a client of dom0's (`0`, `0b`), a domain (`7`), or the hypervisor (`xen`)
 * - tx: `-`, the name of a transaction (`begin` gives it one), or a number that nobody was given
 * - request: see {@link payloadOf}; `<9>` stands for nine bytes, and a range `{1..9}` makes nine rows of one
 * - reply: `OK`, an error, or `=` and the strings or the value (`= <9>` for any nine bytes)
 * - events: all there may be, each as its receiver, path and token, parted by `;`.
 *   The asking client's come before its reply, or after it where marked `then`.
 *
 * Empty lines and lines that start with `#` say nothing.
 */
export interface Row {
  readonly line: string
  readonly who: string
  readonly transaction: string
  readonly request: string
  readonly reply: string
  readonly events: readonly string[]
}

export function parseRows(text: string): Row[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .flatMap(unroll)
    .map(line => {
      const [who = '', transaction = '', request = '', reply = '', events = '', ...rest] = line.split(/ {2,}/)
      if (reply === '' || rest.length > 0) throw new Error(`A row needs four or five columns: ${line}`)
      return {
        line,
        who,
        transaction,
        request,
        reply,
        events: events
          .split(/; */)
          .filter(event => event !== '')
          .map(expand),
      }
    })
}

function unroll(line: string): string[] {
  const range = /\{(\d+)\.\.(\d+)\}/.exec(line)
  if (!range) return [line]
  const [whole, first, last] = range
  const length = Number(last) - Number(first) + 1
  return Array.from({ length }, (_, index) => line.replaceAll(whole, `${Number(first) + index}`))
}

const OPS: Readonly<Record<string, Op>> = {
  read: Op.READ,
  write: Op.WRITE,
  mkdir: Op.MKDIR,
  rm: Op.RM,
  list: Op.DIRECTORY,
  part: Op.DIRECTORY_PART,
  perms: Op.GET_PERMS,
  chmod: Op.SET_PERMS,
  watch: Op.WATCH,
  unwatch: Op.UNWATCH,
  reset: Op.RESET_WATCHES,
  begin: Op.TRANSACTION_START,
  commit: Op.TRANSACTION_END,
  abort: Op.TRANSACTION_END,
  introduce: Op.INTRODUCE,
  release: Op.RELEASE,
  resume: Op.RESUME,
  target: Op.SET_TARGET,
  introduced: Op.IS_DOMAIN_INTRODUCED,
  path: Op.GET_DOMAIN_PATH,
  control: Op.CONTROL,
}

/** `op 99 …` is an operation by its number; `raw read "…"` has its payload as a JSON string, sent as it is. */
export function typeOf(request: string): number {
  const [verb = '', second = ''] = request.split(' ')
  if (verb === 'op') return Number(second)
  const type = OPS[verb === 'raw' ? second : verb]
  if (type === undefined) throw new Error(`No such request: ${request}`)
  return type
}

export function payloadOf(request: string): Buffer {
  const [verb, path = '', ...rest] = request.split(' ')
  switch (verb) {
    case 'raw':
      return Buffer.from(JSON.parse(rest.join(' ')), 'latin1')
    case 'write':
      return Buffer.concat([encodeStrings(expand(path)), Buffer.from(expand(rest.join(' ')), 'latin1')])
    case 'chmod':
      return encodeStrings(path, ...rest.join(' ').split(','))
    case 'introduce':
      return encodeStrings(path, '1', rest[0] ?? '1')
    case 'begin':
    case 'reset':
      return encodeStrings('')
    case 'commit':
      return encodeStrings('T')
    case 'abort':
      return encodeStrings('F')
    case 'op':
      return encodeStrings(...rest)
    default:
      return encodeStrings(expand(path), ...rest.map(expand))
  }
}

function expand(text: string): string {
  return text.replaceAll(/<(\d+)>/g, (_, length) => 'x'.repeat(Number(length)))
}

/** A reply in the form in which rows expect it; `expected` says whether contents or only their size matter. */
export function describeReply(type: number, payload: Buffer, expected: string): string {
  if (type === Op.ERROR) return payload.toString('latin1', 0, payload.length - 1)
  if (type === Op.TRANSACTION_START || payload.equals(Buffer.from('OK\0'))) return 'OK'
  if (/^= <\d+>$/.test(expected)) return `= <${payload.length}>`
  return `= ${stringsOrValue(payload)}`.trimEnd()
}

function stringsOrValue(payload: Buffer): string {
  return payload.at(-1) === 0 ? decodeStrings(payload).join(' ') : payload.toString('latin1')
}
