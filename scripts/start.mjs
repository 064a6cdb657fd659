// The main job: a PCI device hot-plugged into a real QEMU through Xenstore. See demo/src/demo.ts.
import { runSource } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp({ programs: ['qemu-system-x86_64'] })
const { bundlePrograms } = await import('./lib/bundle.mjs')
await bundlePrograms()
process.exitCode = await runSource('demo/src/demo-main.ts', process.argv.slice(2))
