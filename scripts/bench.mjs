// Ratios against C on the same daemon, in one run; see docs/measurements.md.
import { FOR_BENCH, FOR_TESTS, installPrograms } from './lib/debian.mjs'
import { run } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp({ programs: FOR_TESTS })
await installPrograms(FOR_BENCH) // Without it a row says so.
const { bundlePrograms } = await import('./lib/bundle.mjs')
const { bundleBenchmarks } = await import('./lib/bench-bundles.mjs')
await bundlePrograms()
process.exitCode = await run(process.execPath, [await bundleBenchmarks(), ...process.argv.slice(2)])
