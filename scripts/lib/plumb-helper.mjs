import { join } from 'node:path'
import { root } from './root.mjs'
import { run } from './run.mjs'

/**
 * Builds stubdom-plumb, the program that makes hypercalls; it needs gcc and libxenctrl's headers (libxen-dev). Rejects when the compiler fails.
 * @param {string} out where the program is put
 */
export async function buildPlumbHelper(out) {
  const source = join(root, 'packages/dom0-agent/native/stubdom-plumb.c')
  const args = ['-O2', '-Wall', '-Wextra', '-Werror', '-o', out, source, '-lxenctrl']
  if ((await run('gcc', args, { quiet: true })) !== 0) throw new Error('stubdom-plumb could not be built')
}
