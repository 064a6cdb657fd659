import type * as z from 'zod/mini'
import { printable } from './text.ts'

/** `args.slot: it must be at most 31`: the first issue, with its place. zod/mini brings no texts of its own: every message would be “Invalid input”. */
export function issueText(error: z.core.$ZodError): string {
  const issue = error.issues[0]
  if (!issue) return 'it does not fit its schema'
  const place = issue.path.map(String).join('.')
  const text = describe(issue)
  return printable(place === '' ? text : `${place}: ${text}`, 200)
}

function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `it must be ${TYPES[issue.expected] ?? issue.expected}`
    case 'unrecognized_keys':
      return `there is no ${issue.keys.map(key => JSON.stringify(key)).join(', ')}`
    case 'too_big':
      return `it must ${measure(issue.origin)} at most ${issue.maximum}`
    case 'too_small':
      return `it must ${measure(issue.origin)} at least ${issue.minimum}`
    case 'invalid_value':
      return `it must be ${issue.values.map(value => JSON.stringify(value)).join(' or ')}`
    case 'invalid_format':
      return issue.pattern === undefined ? `it must be ${issue.format}` : `it must match ${issue.pattern}`
    case 'custom':
      return issue.message
    default:
      return 'it has none of the forms that it may have'
  }
}

function measure(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'have a length of' : 'be'
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  tuple: 'a list',
  nonoptional: 'there',
}
