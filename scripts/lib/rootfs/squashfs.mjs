import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../root.mjs'
import { toCpio } from './cpio.mjs'

const CACHE = join(root, 'node_modules/.cache/squashfs')

/** All owned by root and of 1970; with one fragment table and no exports the same tree gives the same bytes. */
const OPTIONS = [
  '-comp',
  'zstd',
  '-Xcompression-level',
  '9',
  '-b',
  '128K',
  '-all-root',
  '-no-exports',
  '-no-xattrs',
  '-mkfs-time',
  '0',
  '-all-time',
  '0',
  '-no-progress',
  '-quiet',
]

/**
 * A tree as a compressed image that can be mounted. Cached by content.
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./sysroot.mjs').Sysroot} sysroot with squashfs-tools
 * @returns {Buffer}
 */
export function toSquashfs(tree, sysroot) {
  const hash = createHash('sha256').update(OPTIONS.join(' ')).update(toCpio(tree)).digest('hex')
  const cached = join(CACHE, hash)
  if (!existsSync(cached)) {
    mkdirSync(CACHE, { recursive: true })
    const work = mkdtempSync(join(tmpdir(), 'stubdom-image-'))
    try {
      const source = join(work, 'root')
      lay(tree, source)
      const image = join(CACHE, `${hash}.${process.pid}`)
      sysroot.run('usr/bin/mksquashfs', [source, image, ...OPTIONS])
      // The last one only: they are large.
      for (const old of readdirSync(CACHE)) if (join(CACHE, old) !== image) rmSync(join(CACHE, old))
      renameSync(image, cached)
    } finally {
      rmSync(work, { recursive: true })
    }
  }
  return readFileSync(cached)
}

function lay(tree, directory) {
  mkdirSync(directory)
  for (const [path, entry] of tree.entries()) {
    const here = join(directory, path)
    if (entry.type === 'directory') mkdirSync(here)
    else if (entry.type === 'link') symlinkSync(entry.target, here)
    else writeFileSync(here, entry.data)
    // Whatever the umask is.
    if (entry.type === 'directory') chmodSync(here, 0o755)
    if (entry.type === 'file') chmodSync(here, entry.mode)
  }
}
