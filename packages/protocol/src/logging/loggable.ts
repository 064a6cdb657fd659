import { printable } from '../codec/text.ts'

const TEXT_MAX = 512
const ITEMS_MAX = 32
const DEPTH_MAX = 4
const FRAMES_MAX = 5

/** Fields whose values never reach a log, at any depth: VNC passwords, for one, travel in arguments. */
const SECRET = /pass(word|wd|phrase)|secret|token|credential/i

/**
 * A line's fields as both sides log them: texts printable and cut, lists and objects of a bounded size, errors with a few lines of their stacks, and no secrets.
 */
export function loggable(fields: object): Record<string, unknown> {
  return shown(fields, 0) as Record<string, unknown>
}

function shown(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return printable(value, TEXT_MAX)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return shownError(value)
  if (depth >= DEPTH_MAX) return '…'
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map(item => shown(item, depth + 1))
  const entries = Object.entries(value).slice(0, ITEMS_MAX)
  return Object.fromEntries(
    entries.map(([key, item]) => [printable(key, 64), SECRET.test(key) ? '[secret]' : shown(item, depth + 1)]),
  )
}

function shownError({ name, message, stack = '' }: Error): object {
  const frames = stack.split('\n').filter(line => line.startsWith('    at '))
  const at = frames.slice(0, FRAMES_MAX).map(frame => printable(frame.trim(), 200))
  return { type: name, message: printable(message, TEXT_MAX), ...(at.length > 0 ? { at } : {}) }
}
