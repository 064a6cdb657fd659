// Writes docs/schema from the protocol's schemas; with --check only compares.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { jsonSchemas } from '../packages/protocol/src/json-schema.ts'

const directory = new URL('../docs/schema/', import.meta.url)
const wanted = new Map(
  Object.entries(jsonSchemas()).map(([name, schema]) => [name, `${JSON.stringify(schema, null, 2)}\n`]),
)

mkdirSync(directory, { recursive: true })
const found = readdirSync(directory).filter(name => name.endsWith('.json'))
const surplus = found.filter(name => !wanted.has(name))
const stale = [...wanted].filter(
  ([name, text]) => !found.includes(name) || readFileSync(new URL(name, directory), 'utf8') !== text,
)

if (process.argv.includes('--check')) {
  const wrong = [...stale.map(([name]) => name), ...surplus]
  if (wrong.length > 0) {
    console.error(`docs/schema is not what the sources say: ${wrong.join(', ')}. Renew it with: npm run schema`)
    process.exitCode = 1
  }
} else {
  for (const [name, text] of stale) writeFileSync(new URL(name, directory), text)
  for (const name of surplus) rmSync(new URL(name, directory))
}
