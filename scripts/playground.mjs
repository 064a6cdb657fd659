// The world of the demonstration, kept up until Ctrl-C. See demo/src/playground-main.ts.
import { FOR_DAEMONS, FOR_DEMO } from './lib/debian.mjs'
import { runSource } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

const onRealDaemon = process.argv.some(argument => /^--xenstored[= ]?(c|ocaml)?$/.test(argument))
await setUp({ programs: onRealDaemon ? [...FOR_DEMO, ...FOR_DAEMONS] : FOR_DEMO })
const { bundlePrograms } = await import('./lib/bundle.mjs')
await bundlePrograms()
process.exitCode = await runSource('demo/src/playground-main.ts', process.argv.slice(2))
