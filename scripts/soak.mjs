// Commands and faults for a long time on C xenstored, and whether anything grew: npm run soak -- --minutes 30
import { FOR_DAEMONS, FOR_TESTS } from './lib/debian.mjs'
import { runSource } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp({ programs: [...FOR_TESTS, ...FOR_DAEMONS] })
const { bundlePrograms } = await import('./lib/bundle.mjs')
await bundlePrograms()
process.exitCode = await runSource('test/soak/main.ts', process.argv.slice(2))
