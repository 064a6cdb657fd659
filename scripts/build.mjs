// Type-checks and compiles the packages, and bundles the two programs.
import { runOrExit, tool } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp()
await runOrExit(tool('tsc'), ['--build'])
const { bundlePrograms } = await import('./lib/bundle.mjs')
for (const { out, bytes } of await bundlePrograms()) console.log(`${out}: ${bytes} bytes`)
