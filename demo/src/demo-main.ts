import { parseArgs } from 'node:util'
import { daemonNamed } from './daemon-option.ts'
import { Demo } from './demo.ts'
import { World } from './world/world.ts'

const HELP = `usage: npm start [-- --xenstored=c|ocaml|embedded]

Hot-plugs a PCI device into a real QEMU through Xenstore, and more: a demonstration that ends by itself.
--xenstored: Debian's xenstored or oxenstored, or the embedded one (the default).
`

const { values } = parse()
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const world = await World.start({ daemon: daemonNamed(values.xenstored) })
const demo = new Demo(world, text => process.stdout.write(text))
const stop = () => void world.stop().then(() => process.exit(130))
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
try {
  const { guest, stubdomain, name } = world.domains
  process.stdout.write(
    `A guest, ${name} (domain ${guest}), whose QEMU would run in stubdomain ${stubdomain}: here a process, with the agent beside it.\n`,
  )
  await demo.play()
} finally {
  await world.stop()
}
process.stdout.write(`\ndemo: ${demo.steps} steps, ${demo.failed} failed\n`)
process.exitCode = demo.failed === 0 ? 0 : 1

function parse() {
  try {
    return parseArgs({ options: { xenstored: { type: 'string', default: 'embedded' }, help: { type: 'boolean' } } })
  } catch (error) {
    process.stderr.write(`demo: ${(error as Error).message}\n${HELP}`)
    process.exit(2)
  }
}
