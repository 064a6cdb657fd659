import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { bundleOptions } from './bundle-options.mjs'
import { root } from './root.mjs'

const OUT = 'node_modules/.cache/bench'

/** What is run by `npm run bench`: bundled, since what tsx does to each function costs time that no user pays. */
const ENTRIES = {
  main: 'test/bench/main.ts',
  reads: 'test/bench/clients/reads.ts',
  commands: 'test/bench/clients/commands.ts',
  flood: 'test/bench/clients/flood.ts',
  beside: 'test/bench/clients/beside.ts',
  agent: 'packages/stubdom-agent/src/main.ts',
}

/** Sources find files that lie beside them, wherever the bundle lies. */
const sourceUrls = {
  name: 'source-urls',
  setup(bundle) {
    bundle.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: 'ts' }
    })
  },
}

/** Resolves with the path of the main program. */
export async function bundleBenchmarks() {
  await build({
    entryPoints: Object.fromEntries(Object.entries(ENTRIES).map(([name, entry]) => [name, join(root, entry)])),
    outdir: join(root, OUT),
    outExtension: { '.js': '.mjs' },
    ...bundleOptions,
    plugins: [sourceUrls],
  })
  return join(root, OUT, 'main.mjs')
}
