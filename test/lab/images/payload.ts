import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { bundlePrograms } from '../../../scripts/lib/bundle.mjs'
import { bundleOptions } from '../../../scripts/lib/bundle-options.mjs'
import { compilePlumbHelper } from '../../../scripts/lib/compile.mjs'
import { root } from '../../../scripts/lib/root.mjs'
import { toCpio } from '../../../scripts/lib/rootfs/cpio.mjs'
import { stubdomImage } from '../../../scripts/lib/rootfs/stubdom-image.mjs'
import { Tree } from '../../../scripts/lib/rootfs/tree.mjs'
import { cached, fingerprint, systemVersion } from '../cache.ts'
import { SourcePositions } from '../source-positions.ts'
import { buildGuest } from './guest.ts'
import { buildOverlay } from './overlay.ts'
import { buildStockImage } from './stock.ts'

const AGENT = 'packages/stubdom-agent/dist/stubdom-agent.mjs'
const CLI = 'packages/dom0-agent/dist/stubdomctl.mjs'
const VCHAN = 'packages/stubdom-agent/native'
const LAB = join(root, 'test/lab')
const RUNNER = 'lab/runner.mjs'

/** What is handed to the machines. */
export interface Payload {
  /** What dom0 unpacks once it is up: the project as it is now. */
  readonly archive: Buffer
  /** Of the runner's: the sources that its lines come from. */
  readonly sources: SourcePositions
}

/** @param stock with the image that measurements compare ours with */
export async function buildPayload({ stock }: { stock: boolean }): Promise<Payload> {
  await bundlePrograms()
  const [stubdom, guest, plumb, runner, hostile, meddler] = await Promise.all([
    stubdomArchive(),
    guestProgram(),
    compilePlumbHelper(),
    bundleRunner(),
    buildOverlay('hostile'),
    buildOverlay('meddler'),
  ])
  const tree = new Tree()
  tree.file('boot/stubdom.cpio', stubdom)
  tree.file('usr/bin/stubdomctl', readFileSync(join(root, CLI)), { mode: 0o755 })
  tree.file('usr/bin/stubdom-plumb', readFileSync(plumb), { mode: 0o755 })
  tree.file('lab/guest.elf', guest)
  tree.file('lab/hostile.cpio', hostile)
  tree.file('lab/meddler.cpio', meddler)
  tree.file(RUNNER, runner.program)
  if (stock) tree.file('boot/stock.cpio', await stockArchive())
  tree.file('lab/start.sh', readFileSync(join(LAB, 'dom0/start.sh')))
  return { archive: toCpio(tree), sources: new SourcePositions(RUNNER, runner.map) }
}

async function stubdomArchive(): Promise<Buffer> {
  const inputs = fingerprint(
    [AGENT, 'packages/stubdom-agent/init', VCHAN, 'scripts/lib/compile.mjs', 'scripts/lib/rootfs'],
    [systemVersion()],
  )
  const directory = await cached('stubdom', inputs, async () => ({
    'stubdom.cpio': (await stubdomImage()).image,
  }))
  return readFileSync(join(directory, 'stubdom.cpio'))
}

async function stockArchive(): Promise<Buffer> {
  const inputs = fingerprint(['test/lab/images/stock.ts', 'test/lab/stock', 'scripts/lib/rootfs'], [systemVersion()])
  const directory = await cached('stock', inputs, async () => ({ 'stock.cpio': await buildStockImage() }))
  return readFileSync(join(directory, 'stock.cpio'))
}

async function guestProgram(): Promise<Buffer> {
  const inputs = fingerprint(['test/lab/guest', 'test/lab/images/guest.ts'])
  const directory = await cached('guest', inputs, async () => ({ 'guest.elf': buildGuest() }))
  return readFileSync(join(directory, 'guest.elf'))
}

/** The tests and everything they use, in one file: dom0 has no node_modules. Small, and without its map: it is read by an emulated processor. */
async function bundleRunner(): Promise<{ program: Buffer; map: string }> {
  const tests = readdirSync(join(LAB, 'tests'))
    .filter(name => name.endsWith('.ts'))
    .sort()
  const imports = [...tests.map(name => `import './tests/${name}'`), `import './dom0/runner.ts'`]
  const { outputFiles } = await build({
    ...bundleOptions,
    stdin: { contents: imports.join('\n'), resolveDir: LAB, loader: 'ts' },
    write: false,
    outfile: join(root, RUNNER),
    minify: true,
    keepNames: true,
    sourcemap: 'external',
  })
  const output = (ending: string) => Buffer.from(outputFiles.find(({ path }) => path.endsWith(ending))?.contents ?? [])
  return { program: output('.mjs'), map: output('.map').toString() }
}
