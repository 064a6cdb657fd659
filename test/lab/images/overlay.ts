import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { bundleOptions } from '../../../scripts/lib/bundle-options.mjs'
import { root } from '../../../scripts/lib/root.mjs'
import { toCpio } from '../../../scripts/lib/rootfs/cpio.mjs'
import { Tree } from '../../../scripts/lib/rootfs/tree.mjs'

const INIT = join(root, 'scripts/lib/rootfs/initramfs-init.sh')
const AGENT = join(root, 'packages/stubdom-agent/dist/stubdom-agent.mjs')
const BEFORE_ROOT_IS_LEFT = 'umount /dev\n'

/** Programs of test/lab/inside. */
export type Inside = 'hostile' | 'meddler'

/**
 * Appended to the stubdomain's image it makes one in which a program of ours runs the agent, and does something beside it: of two files with one name in an initramfs the later holds.
 */
export async function buildOverlay(program: Inside): Promise<Buffer> {
  const init = readFileSync(INIT, 'utf8')
  if (!init.includes(BEFORE_ROOT_IS_LEFT)) throw new Error(`${INIT} has changed`)
  const bind = 'mount -o bind /inside.mjs /root/usr/lib/stubdom-agent.mjs\n'
  const tree = new Tree()
  tree.file('init', init.replace(BEFORE_ROOT_IS_LEFT, bind + BEFORE_ROOT_IS_LEFT), { mode: 0o755 })
  tree.file('inside.mjs', await bundle(program))
  return toCpio(tree)
}

async function bundle(program: Inside): Promise<Buffer> {
  const { outputFiles } = await build({
    ...bundleOptions,
    entryPoints: [join(root, `test/lab/inside/${program}.ts`)],
    define: { AGENT_TEXT: JSON.stringify(readFileSync(AGENT, 'utf8')) },
    write: false,
  })
  return Buffer.from(outputFiles[0]?.contents ?? [])
}
