import { TEXT_MAX } from '../limits.ts'

/** Compact JSON in 7-bit ASCII: what is not printable ASCII is escaped, so that xenstore-ls shows it and no daemon minds it. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** {@link encodeJson} with the keys of every object sorted: the form that digests are made of. */
export function canonicalJson(value: unknown): string {
  return encodeJson(sorted(value))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}

/**
 * Text of somebody else made fit for a terminal or a log: control characters (C0, DEL, C1), line and paragraph separators, bidirectional overrides and
 * lone surrogates become `?`, what is too long is cut with an ellipsis.
 */
export function printable(text: string, max: number = TEXT_MAX): string {
  const cut = text.length > max ? `${text.slice(0, max - 1)}…` : text
  return cut.toWellFormed().replace(UNPRINTABLE, '?')
}

// \p{C}: controls, formats (bidirectional overrides, zero width) and unassigned; \p{Zl}, \p{Zp}: separators; U+FFFD stands for lone surrogates.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\ufffd]/gu
