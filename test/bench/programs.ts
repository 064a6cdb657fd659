import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SOURCES = fileURLToPath(new URL('native', import.meta.url))
/** Where scripts/bench.mjs puts the bundles. */
const BUILT = fileURLToPath(new URL('../../node_modules/.cache/bench', import.meta.url))
const COMPILE_MS_MAX = 60_000

/** Programs to measure; those of ours are bundles, and to be run by Node. */
export const OURS = {
  reads: join(BUILT, 'reads.mjs'),
  commands: join(BUILT, 'commands.mjs'),
  flood: join(BUILT, 'flood.mjs'),
  beside: join(BUILT, 'beside.mjs'),
  /** The agent with its functions' names, for profiles; what is measured is the one that ships. */
  agent: join(BUILT, 'agent.mjs'),
} as const

export const PYXS_READS = fileURLToPath(new URL('clients/pyxs-reads.py', import.meta.url))

/** Debian's own, which finds Debian's packages. */
export const PYTHON = '/usr/bin/python3'

const NATIVE = {
  libxenstoreRead: ['libxenstore-read', '-lxenstore'],
  pipelinedRead: ['pipelined-read'],
  floorAsks: ['floor-asks'],
  floorAnswers: ['floor-answers'],
} as const

export type Native = Readonly<Record<keyof typeof NATIVE, string>>

/** Compiles the programs in `native/`. */
export async function buildNative(): Promise<Native> {
  await mkdir(BUILT, { recursive: true })
  const built = Object.entries(NATIVE).map(async ([key, [name, ...libraries]]) => {
    const program = join(BUILT, name)
    const args = ['-O2', '-Wall', '-Wextra', '-o', program, `${name}.c`, 'wire.c', ...libraries]
    await promisify(execFile)('gcc', args, { cwd: SOURCES, timeout: COMPILE_MS_MAX })
    return [key, program] as const
  })
  return Object.fromEntries(await Promise.all(built)) as Native
}
