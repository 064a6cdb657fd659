import { QmpProtocolError } from './errors.ts'
import { legible } from './legible.ts'

/** What QEMU says first. `package` is the distribution's version text, often empty. */
export interface QmpGreeting {
  readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number }
  readonly package: string
  readonly capabilities: readonly string[]
}

/** Something that happened in QEMU. `data` is `{}` when QEMU sent none; both parts of `timestamp` are -1 when QEMU's clock failed. */
export interface QmpEvent {
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
  readonly timestamp: { readonly seconds: number; readonly microseconds: number }
}

/** The messages of QEMU's docs/interop/qmp-spec.txt that a server sends. */
export type QmpMessage =
  | { readonly kind: 'greeting'; readonly greeting: QmpGreeting }
  | { readonly kind: 'return'; readonly id: unknown; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: unknown; readonly class: string; readonly desc: string }
  | { readonly kind: 'event'; readonly event: QmpEvent }

/** A command as one line. Integers beyond 2^53 do not survive JavaScript's numbers, in either direction. */
export function encodeCommand(id: number, command: string, args: Record<string, unknown> | undefined): string {
  return `${JSON.stringify({ execute: command, arguments: args, id })}\r\n`
}

/** Throws QmpProtocolError for everything that is not one of the four messages. Unknown members are ignored, as the specification asks. */
export function parseMessage(line: string): QmpMessage {
  const message = parseObject(line)
  if ('QMP' in message) return { kind: 'greeting', greeting: greetingOf(message['QMP'], line) }
  if ('event' in message) return { kind: 'event', event: eventOf(message, line) }
  if ('return' in message) return { kind: 'return', id: message['id'], value: message['return'] }
  const error = message['error']
  if (isObject(error) && typeof error['class'] === 'string' && typeof error['desc'] === 'string') {
    return { kind: 'error', id: message['id'], class: error['class'], desc: error['desc'] }
  }
  throw notQmp('neither greeting, event, return nor error', line)
}

function greetingOf(value: unknown, line: string): QmpGreeting {
  const version = isObject(value) ? value['version'] : undefined
  const qemu = isObject(version) ? version['qemu'] : undefined
  const capabilities = isObject(value) ? value['capabilities'] : undefined
  if (!isObject(version) || !isObject(qemu) || !Array.isArray(capabilities)) throw notQmp('a malformed greeting', line)
  const { major, minor, micro } = qemu
  if (typeof major !== 'number' || typeof minor !== 'number' || typeof micro !== 'number') {
    throw notQmp('a greeting without a version', line)
  }
  return {
    qemu: { major, minor, micro },
    package: typeof version['package'] === 'string' ? version['package'] : '',
    capabilities: capabilities.filter(name => typeof name === 'string'),
  }
}

function eventOf(message: Record<string, unknown>, line: string): QmpEvent {
  const { event, data = {}, timestamp } = message
  const { seconds, microseconds } = isObject(timestamp) ? timestamp : {}
  if (typeof event !== 'string' || !isObject(data)) throw notQmp('a malformed event', line)
  if (typeof seconds !== 'number' || typeof microseconds !== 'number') throw notQmp('an event without its time', line)
  return { event, data, timestamp: { seconds, microseconds } }
}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw notQmp('not JSON', line, cause)
  }
  if (!isObject(value)) throw notQmp('not a JSON object', line)
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Characters of a quotation: escapes make it longer than what it quotes. */
const QUOTED_MAX = 300

/** Quotes no more than the beginning of the line: what comes is not trusted, and this text ends in logs. */
function notQmp(what: string, line: string, cause?: unknown): QmpProtocolError {
  const text = `Not QMP (${what}): ${legible(JSON.stringify(line.slice(0, 100)), QUOTED_MAX)}`
  return new QmpProtocolError(text, cause === undefined ? {} : { cause })
}
