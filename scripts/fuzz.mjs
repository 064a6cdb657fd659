// Inputs by chance for everything that reads what strangers write: npm run fuzz -- --minutes 5
import { runSource } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp()
process.exitCode = await runSource('test/fuzz/main.ts', process.argv.slice(2))
