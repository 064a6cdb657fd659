// The main job: a PCI device hot-plugged into a real QEMU through Xenstore. See demo/src/demo.ts.
import { FOR_DAEMONS, FOR_DEMO } from './lib/debian.mjs'
import { runSource } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

const onRealDaemon = process.argv.some(argument => /^--xenstored[= ]?(c|ocaml)?$/.test(argument))
await setUp({ programs: onRealDaemon ? [...FOR_DEMO, ...FOR_DAEMONS] : FOR_DEMO })
const { bundlePrograms } = await import('./lib/bundle.mjs')
await bundlePrograms()
process.exitCode = await runSource('demo/src/demo-main.ts', process.argv.slice(2))
