import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { shippedOptions } from './bundle-options.mjs'
import { root } from './root.mjs'

/** What the agents' bundles may weigh, in bytes: the stubdomain's memory holds its own. */
const AGENT_BYTES_MAX = 250_000

const BUNDLES = [
  {
    entry: 'packages/stubdom-agent/src/main.ts',
    out: 'packages/stubdom-agent/dist/stubdom-agent.mjs',
    maxBytes: AGENT_BYTES_MAX,
  },
  { entry: 'packages/dom0-agent/src/cli/main.ts', out: 'packages/dom0-agent/dist/stubdomctl.mjs' },
]

/** Bundles both programs, each into one file that needs no node_modules. Resolves with their sizes; rejects when one is too heavy. */
export async function bundlePrograms() {
  return Promise.all(
    BUNDLES.map(async ({ entry, out, maxBytes = Number.POSITIVE_INFINITY }) => {
      const outfile = join(root, out)
      await build({ entryPoints: [join(root, entry)], outfile, ...shippedOptions })
      await chmod(outfile, 0o755)
      const { size } = await stat(outfile)
      if (size > maxBytes) throw new Error(`${out} has ${size} bytes, the limit is ${maxBytes}`)
      return { out, bytes: size }
    }),
  )
}
