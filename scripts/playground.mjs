// The world of the demonstration, kept up until Ctrl-C. See demo/src/playground-main.ts.
import { runSource } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp({ programs: ['qemu-system-x86_64'] })
const { bundlePrograms } = await import('./lib/bundle.mjs')
await bundlePrograms()
process.exitCode = await runSource('demo/src/playground-main.ts', process.argv.slice(2))
