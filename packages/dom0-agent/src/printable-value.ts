import { printable } from '@stubdom/protocol'

/**
 * A decoded message with every text in it printable: JSON's escapes bring any character past the check for ASCII. The schema has bounded its depth and size.
 */
export function printableValue<T>(value: T): T {
  // Uncut: a state may travel in one.
  if (typeof value === 'string') return printable(value, value.length) as T
  if (Array.isArray(value)) return value.map(printableValue) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, printableValue(item)])) as T
}
