// Builds the stubdomain's image: dist/stubdom.cpio, for stubdomain_ramdisk of xl.cfg, and dist/stubdom.vmlinuz, its kernel. See docs/image.md.
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FOR_IMAGE } from './lib/debian.mjs'
import { root } from './lib/root.mjs'
import { setUp } from './lib/setup.mjs'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })

await setUp({ programs: FOR_IMAGE })
const { bundlePrograms } = await import('./lib/bundle.mjs')
const { stubdomImage } = await import('./lib/rootfs/stubdom-image.mjs')
await bundlePrograms()
const { image, root: tree, kernel } = await stubdomImage()
await mkdir(join(root, 'dist'), { recursive: true })
await writeFile(join(root, 'dist/stubdom.cpio'), image)
await writeFile(join(root, 'dist/stubdom.vmlinuz'), kernel.vmlinuz())

const sha256 = createHash('sha256').update(image).digest('hex')
if (values.json) {
  console.log(
    JSON.stringify({
      file: 'dist/stubdom.cpio',
      bytes: image.length,
      sha256,
      kernel: kernel.release,
      components: tree.components(),
    }),
  )
} else {
  for (const { name, bytes, files } of tree.components()) {
    console.log(`${name.padEnd(20)} ${megabytes(bytes)}  ${files === 1 ? '1 file' : `${files} files`}`)
  }
  console.log(`${'dist/stubdom.cpio'.padEnd(20)} ${megabytes(image.length)}  sha256 ${sha256}`)
  console.log(`${'dist/stubdom.vmlinuz'.padEnd(20)} Linux ${kernel.release}`)
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(2).padStart(7)} MB`
}
