// The tests. Arguments go to vitest: npm test -- packages/protocol
import { FOR_DAEMONS, FOR_TESTS } from './lib/debian.mjs'
import { run, tool } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp({ programs: FOR_TESTS, wanted: FOR_DAEMONS })
process.exitCode = await run(tool('vitest'), ['run', ...process.argv.slice(2)])
