import { printable } from '../codec/text.ts'

const TEXT_MAX = 512
const ITEMS_MAX = 32
const DEPTH_MAX = 4

/** Fields whose values never reach a log, at any depth: VNC passwords, for one, travel in arguments. */
const SECRET = /pass(word|wd|phrase)|secret|token|credential/i

/**
 * A line's fields as both sides log them: texts printable and cut, lists and objects of a bounded size, errors without their stacks, and no secrets.
 */
export function loggable(fields: object): Record<string, unknown> {
  return shown(fields, 0) as Record<string, unknown>
}

function shown(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return printable(value, TEXT_MAX)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return { type: value.name, message: printable(value.message, TEXT_MAX) }
  if (depth >= DEPTH_MAX) return '…'
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map(item => shown(item, depth + 1))
  const entries = Object.entries(value).slice(0, ITEMS_MAX)
  return Object.fromEntries(
    entries.map(([key, item]) => [printable(key, 64), SECRET.test(key) ? '[secret]' : shown(item, depth + 1)]),
  )
}
