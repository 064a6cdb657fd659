// Worlds of agents, dom0 processes, xenstoreds and QEMUs in virtual time; see docs/simulation.md.
import { join } from 'node:path'
import { root } from './lib/root.mjs'
import { run } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp()
const { build } = await import('esbuild')
const { bundleOptions } = await import('./lib/bundle-options.mjs')
const outfile = join(root, 'node_modules/.cache/simulation/main.mjs')
// Bundled, since what tsx does to each function takes more time than the functions.
await build({ entryPoints: [join(root, 'test/simulation/main.ts')], outfile, ...bundleOptions, sourcemap: 'inline' })
// A world leaves much behind that was needed for a moment: room for it saves a fifth of the time.
const flags = ['--enable-source-maps', '--max-semi-space-size=64']
process.exitCode = await run(process.execPath, [...flags, outfile, ...process.argv.slice(2)])
