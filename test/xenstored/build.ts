import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DaemonFailedError } from './errors.ts'

const SOURCES = fileURLToPath(new URL('shim', import.meta.url))
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/xenstored-shim', import.meta.url))
const FLAGS = ['-O2', '-Wall', '-Wextra', '-fPIC', '-shared']
const DEADLINE_MS = 60_000

let built: Promise<string> | undefined

/** The path of the library that the daemons are started with, built from `shim/` unless that has been done before. */
export function sharedShim(): Promise<string> {
  built ??= buildShim(CACHE)
  return built
}

/** Builds it in `cache`, under a name that changes with the sources, unless it is there. Others may do so meanwhile. */
export async function buildShim(cache: string, flags: readonly string[] = FLAGS): Promise<string> {
  const names = (await readdir(SOURCES)).filter(name => /\.[ch]$/.test(name)).toSorted()
  const hash = createHash('sha256').update(flags.join(' '))
  for (const name of names) hash.update(`${name}\0`).update(await readFile(join(SOURCES, name)))
  const library = join(cache, `${hash.digest('hex').slice(0, 16)}.so`)
  if (existsSync(library)) return library

  await mkdir(cache, { recursive: true })
  // Whoever is last replaces the others' work by the same: what has the final name is complete at any time.
  const unfinished = `${library}.${randomUUID()}`
  const files = names.filter(name => name.endsWith('.c'))
  const options = { cwd: SOURCES, timeout: DEADLINE_MS }
  try {
    await promisify(execFile)('gcc', [...flags, '-o', unfinished, ...files, '-ldl'], options)
    await rename(unfinished, library)
  } catch (error) {
    await rm(unfinished, { force: true })
    const { message, stderr = '' } = error as Error & { stderr?: string }
    throw new DaemonFailedError(`The library in ${SOURCES} cannot be built: ${message}`, stderr)
  }
  return library
}
