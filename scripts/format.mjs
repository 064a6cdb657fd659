// Formats everything and sorts imports.
import { run, tool } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp()
process.exitCode = await run(tool('biome'), ['check', '--write'])
