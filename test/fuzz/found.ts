import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Inputs that broke a promise once, in a directory for each target; `npm test` runs them again. */
const DIRECTORY = fileURLToPath(new URL('found', import.meta.url))

/** Returns the file, relative to the root. */
export function save(target: string, input: Uint8Array, directory: string = DIRECTORY): string {
  const name = createHash('sha256').update(input).digest('hex').slice(0, 12)
  mkdirSync(join(directory, target), { recursive: true })
  const file = join(directory, target, name)
  writeFileSync(file, input)
  return file
}

export function saved(
  target: string,
  directory: string = DIRECTORY,
): { readonly name: string; readonly input: Uint8Array }[] {
  const own = join(directory, target)
  if (!existsSync(own)) return []
  return readdirSync(own)
    .toSorted()
    .map(name => ({ name, input: readFileSync(join(own, name)) }))
}

/** The names of targets of which something is saved. */
export function savedTargets(directory: string = DIRECTORY): string[] {
  return existsSync(directory) ? readdirSync(directory).toSorted() : []
}
