// Renews docs/schema; with --check only says whether it is current.
import { runSource } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp()
process.exitCode = await runSource('scripts/schema.ts', process.argv.slice(2))
