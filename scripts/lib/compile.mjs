import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { root } from './root.mjs'
import { run } from './run.mjs'

const cache = join(root, 'node_modules/.cache/programs')

/**
 * Compiles a C program of one file, unless that has been done; resolves with its path, which changes with the source. Others may do so meanwhile.
 * @param {string} source relative to the root
 * @param {string[]} flags
 * @param {string[]} libraries `-lNAME`
 */
export async function compile(source, flags = [], libraries = []) {
  const options = ['-Wall', '-Wextra', '-Werror', ...flags]
  const code = await readFile(join(root, source))
  const hash = createHash('sha256')
    .update([...options, ...libraries].join(' '))
    .update(code)
    .digest('hex')
    .slice(0, 16)
  const program = join(cache, `${basename(source, '.c')}-${hash}`)
  if (existsSync(program)) return program
  await mkdir(cache, { recursive: true })
  // Whoever is last replaces the others' work by the same: what has the final name is complete at any time.
  const unfinished = `${program}.${randomUUID()}`
  if ((await run('gcc', [...options, '-o', unfinished, source, ...libraries], { quiet: true })) === 0) {
    await rename(unfinished, program)
    return program
  }
  await rm(unfinished, { force: true })
  throw new Error(`${source} does not compile`)
}

/** Process 1 of the stubdomain: it needs no library. */
export function compileStubdomInit() {
  return compile('packages/stubdom-agent/init/stubdom-init.c', ['-Os', '-static', '-s'])
}

/** What makes hypercalls for the toolstack; it needs libxenctrl (libxen-dev). */
export function compilePlumbHelper() {
  return compile('packages/dom0-agent/native/stubdom-plumb.c', ['-O2'], ['-lxenctrl'])
}

/**
 * The stubdomain's end of QMP over vchan; it needs libxenvchan (libxen-dev).
 * @param {string[]} defines `NAME=VALUE`, in place of what the source says
 */
export function compileVchanServer(defines = []) {
  const flags = ['-O2', '-s', ...defines.map(define => `-D${define}`)]
  return compile('packages/stubdom-agent/native/stubdom-vchan.c', flags, ['-lxenvchan', '-lxenevtchn'])
}
