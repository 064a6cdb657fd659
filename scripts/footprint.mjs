// What the agent weighs in a stubdomain; see docs/footprint.md.
import { FOR_DAEMONS, FOR_DEMO } from './lib/debian.mjs'
import { runSource } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp({ programs: [...FOR_DEMO, ...FOR_DAEMONS] })
const { bundlePrograms } = await import('./lib/bundle.mjs')
await bundlePrograms()
process.exitCode = await runSource('test/footprint/main.ts', process.argv.slice(2))
