import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/lib/root.mjs'

/** What is built once and used by every run: node_modules/.cache/lab. */
export const CACHE = join(root, 'node_modules/.cache/lab')

/**
 * The directory of what `build` makes from `inputs`: the cached one when the inputs are the same. Of one name only the newest is kept.
 * @param name of the thing
 * @param inputs everything that decides its content
 */
export async function cached(
  name: string,
  inputs: string,
  build: () => Promise<Record<string, Buffer>>,
): Promise<string> {
  const directory = join(CACHE, `${name}-${inputs}`)
  if (statSync(directory, { throwIfNoEntry: false })) return directory
  const files = await build()
  const partial = `${directory}.${process.pid}`
  mkdirSync(partial, { recursive: true })
  for (const [file, data] of Object.entries(files)) writeFileSync(join(partial, file), data)
  dropOthers(name)
  renameSync(partial, directory)
  return directory
}

/** Removes what is cached under a name, but what this process is making. */
export function dropOthers(name: string): void {
  for (const entry of readdirSync(CACHE)) {
    if (entry.startsWith(`${name}-`) && !entry.endsWith(`.${process.pid}`))
      rmSync(join(CACHE, entry), { recursive: true })
  }
}

/** A hash over files and directories of the checkout (whole), and over texts. */
export function fingerprint(paths: readonly string[], texts: readonly string[] = []): string {
  const hash = createHash('sha256')
  for (const path of paths.flatMap(name => filesBelow(join(root, name))))
    hash.update(`${path}\0`).update(readFileSync(path))
  for (const text of texts) hash.update(`${text}\0`)
  return hash.digest('hex').slice(0, 24)
}

/** Changes whenever apt learns of other packages, or Node is another one. */
export function systemVersion(): string {
  const lists = '/var/lib/apt/lists'
  const names = readdirSync(lists).filter(name => name.endsWith('_Packages') || name.endsWith('InRelease'))
  const files = [...names.map(name => join(lists, name)), process.execPath]
  return files.map(file => `${file} ${statSync(file).size} ${statSync(file).mtimeMs}`).join('\n')
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .sort()
    .flatMap(name => filesBelow(join(path, name)))
}
