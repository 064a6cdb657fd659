import { readFileSync } from 'node:fs'

/** As much of JSON Schema as docs/schema uses. */
interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
}

/**
 * Judges values by the schemas that are published, in a way that shares nothing with the code under test. Returns what is wrong with a value.
 * @param name of a file in docs/schema, without `.json`
 */
export function publishedSchema(name: string): (value: unknown) => string | undefined {
  const file = new URL(`../../docs/schema/${name}.json`, import.meta.url)
  const schema = JSON.parse(readFileSync(file, 'utf8')) as Schema
  return value => problemOf(schema, value, '')
}

function problemOf(schema: Schema, value: unknown, place: string): string | undefined {
  if (schema.anyOf) {
    const problems = schema.anyOf.map(one => problemOf(one, value, place))
    return problems.includes(undefined) ? undefined : `${place}: none of ${problems.length} forms`
  }
  if ('const' in schema && value !== schema.const) return `${place} is not ${JSON.stringify(schema.const)}`
  if (schema.enum && !schema.enum.includes(value)) return `${place} is none of the words for it`
  switch (schema.type) {
    case 'object':
      return objectProblem(schema, value, place)
    case 'array':
      return arrayProblem(schema, value, place)
    case 'string':
      return stringProblem(schema, value, place)
    case 'integer':
      return Number.isInteger(value) ? rangeProblem(schema, value as number, place) : `${place} is no integer`
    case 'number':
      return typeof value === 'number' ? rangeProblem(schema, value, place) : `${place} is no number`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `${place} is no boolean`
    default:
      return undefined
  }
}

function objectProblem(schema: Schema, value: unknown, place: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${place} is no object`
  const { properties = {}, required = [], additionalProperties } = schema
  for (const key of required) if (!Object.hasOwn(value, key)) return `${place}.${key} is missing`
  for (const [key, item] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (known) {
      const problem = problemOf(known, item, `${place}.${key}`)
      if (problem !== undefined) return problem
    } else if (additionalProperties === false) return `${place} has ${JSON.stringify(key)}, which it may not`
  }
  return undefined
}

function arrayProblem(
  { items, prefixItems, minItems, maxItems }: Schema,
  value: unknown,
  place: string,
): string | undefined {
  if (!Array.isArray(value)) return `${place} is no list`
  if (value.length < (minItems ?? prefixItems?.length ?? 0)) return `${place} is too short`
  if (value.length > (maxItems ?? prefixItems?.length ?? Infinity)) return `${place} is too long`
  for (const [index, item] of value.entries()) {
    const schema = prefixItems?.[index] ?? items
    const problem = schema && problemOf(schema, item, `${place}.${index}`)
    if (problem !== undefined) return problem
  }
  return undefined
}

const patterns = new Map<string, RegExp>()

function stringProblem({ minLength, maxLength, pattern }: Schema, value: unknown, place: string): string | undefined {
  if (typeof value !== 'string') return `${place} is no text`
  if (value.length < (minLength ?? 0)) return `${place} is too short`
  if (value.length > (maxLength ?? Infinity)) return `${place} is too long`
  if (pattern === undefined) return undefined
  const known = patterns.get(pattern) ?? new RegExp(pattern, 'u')
  patterns.set(pattern, known)
  return known.test(value) ? undefined : `${place} does not match ${pattern}`
}

function rangeProblem({ minimum, maximum }: Schema, value: number, place: string): string | undefined {
  if (value < (minimum ?? -Infinity)) return `${place} is too small`
  return value > (maximum ?? Infinity) ? `${place} is too large` : undefined
}
