import { Demo } from './demo.ts'
import { World } from './world/world.ts'

const HELP = `usage: npm start

Hot-plugs a PCI device into a real QEMU through Xenstore, and more: a demonstration that ends by itself.
`

if (process.argv.length > 2) {
  process.stdout.write(HELP)
  process.exit(process.argv[2] === '--help' ? 0 : 2)
}

const world = await World.start()
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
