import type { Row } from './rows.ts'

/** Operations by the word that rows have for them. Source: Xen, xen/include/public/io/xs_wire.h. */
const OPERATIONS: Readonly<Record<string, number>> = {
  control: 0,
  list: 1,
  order: 1,
  read: 2,
  perms: 3,
  watch: 4,
  unwatch: 5,
  begin: 6,
  commit: 7,
  abort: 7,
  end: 7,
  introduce: 8,
  release: 9,
  path: 10,
  write: 11,
  mkdir: 12,
  rm: 13,
  chmod: 14,
  introduced: 17,
  resume: 18,
  target: 19,
  reset: 21,
  part: 22,
}
/** Those that take a path and nothing else. */
const WITH_ONE_PATH: ReadonlySet<number> = new Set(['list', 'read', 'perms', 'mkdir', 'rm'].map(verb => typeOf(verb)))
const TRANSACTION_START = 6
const ERROR = 16

/** The wire's number of a request; `op 99 x` names it itself. */
export function typeOf(request: string): number {
  const [verb = '', number] = request.split(' ')
  const type = verb === 'op' ? Number(number) : OPERATIONS[verb]
  if (type === undefined) throw new Error(`No such request: ${request}`)
  return type
}

/** A request's payload. What takes a path gets exactly one: rows are for what clients of good will can send. */
export function payloadOf(request: string): Buffer {
  const [verb, first = '', ...rest] = request.split(' ')
  if (WITH_ONE_PATH.has(typeOf(request)) && (verb === 'op' || first === '' || rest.length > 0))
    throw new Error(`Takes exactly one path: ${request}`)
  switch (verb) {
    case 'write':
      return Buffer.concat([strings(first), Buffer.from(rest.join(' '), 'latin1')])
    case 'chmod':
      return strings(first, ...rest.join(' ').split(','))
    case 'introduce':
      return strings(first, '1', rest[0] ?? '1')
    case 'begin':
    case 'reset':
      return strings('')
    case 'commit':
      return strings('T')
    case 'abort':
      return strings('F')
    case 'op':
      return strings(...rest)
    default:
      return strings(first, ...rest)
  }
}

export function isTransactionStart(request: string): boolean {
  return typeOf(request) === TRANSACTION_START
}

/** A reply in the form in which its row expects it. */
export function describeReply({ request, reply }: Row, type: number, payload: Buffer): string {
  if (type === ERROR) return textOf(payload)
  if (isTransactionStart(request) || payload.equals(Buffer.from('OK\0'))) return 'OK'
  if (/^= <\d+>$/.test(reply)) return `= <${payload.length}>`
  return inRowsOrder(request, `= ${textOf(payload).split('\0').join(' ')}`.trimEnd())
}

/** Children have no order that anybody promises, unless a row asks for it by `order`. */
export function inRowsOrder(request: string, reply: string): string {
  if (!request.startsWith('list ') || !reply.startsWith('= ') || reply.startsWith('= <')) return reply
  return `= ${reply.slice(2).split(' ').toSorted().join(' ')}`
}

export function textOf(payload: Buffer): string {
  return payload.toString('latin1').replace(/\0$/, '')
}

function strings(...texts: readonly string[]): Buffer {
  return Buffer.from(texts.map(text => `${text}\0`).join(''), 'latin1')
}
