// The tests. Arguments go to vitest: npm test -- packages/protocol
import { run, tool } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp({ programs: ['qemu-system-x86_64', 'xenstore-ls'] })
process.exitCode = await run(tool('vitest'), ['run', ...process.argv.slice(2)])
