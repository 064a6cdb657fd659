import { join } from 'node:path'
import { root } from './root.mjs'
import { run } from './run.mjs'

/**
 * Builds stubdom-vchan, the stubdomain's end of QMP over vchan; it needs gcc and libxenvchan's headers (libxen-dev). Rejects when the compiler fails.
 * @param {string} out where the program is put
 * @param {string[]} defines `NAME=VALUE`, in place of what the source says
 */
export async function buildVchanServer(out, defines = []) {
  const source = 'packages/stubdom-agent/native/stubdom-vchan.c'
  const flags = ['-O2', '-s', '-Wall', '-Wextra', '-Werror', ...defines.map(define => `-D${define}`)]
  const args = [...flags, '-o', out, join(root, source), '-lxenvchan', '-lxenevtchn']
  if ((await run('gcc', args, { quiet: true })) !== 0) throw new Error('stubdom-vchan could not be built')
}
