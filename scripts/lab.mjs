// The tests on a real Xen, emulated; see docs/lab.md.
import { FOR_IMAGE, FOR_LAB } from './lib/debian.mjs'
import { runSource } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp({ programs: [...FOR_IMAGE, ...FOR_LAB] })
process.exitCode = await runSource('test/lab/main.ts', process.argv.slice(2))
