/**
 * A tree as the kernel unpacks it as initramfs: cpio's "newc" (Documentation/driver-api/early-userspace/buffer-format.rst). The same tree gives the same
 * bytes: sorted, all owned by root, all from 1970.
 * @param {import('./tree.mjs').Tree} tree
 * @returns {Buffer}
 */
export function toCpio(tree) {
  const chunks = []
  let inode = 0
  for (const [path, entry] of tree.entries()) chunks.push(...record(path, { ...describe(entry), inode: ++inode }))
  chunks.push(...record('TRAILER!!!', { mode: 0, links: 1, data: Buffer.alloc(0), inode: 0 }))
  return Buffer.concat(chunks)
}

const DIRECTORY = 0o040000
const FILE = 0o100000
const LINK = 0o120000

function describe(entry) {
  if (entry.type === 'directory') return { mode: DIRECTORY | 0o755, links: 2, data: Buffer.alloc(0) }
  if (entry.type === 'link') return { mode: LINK | 0o777, links: 1, data: Buffer.from(entry.target) }
  return { mode: FILE | entry.mode, links: 1, data: entry.data }
}

function record(path, { mode, links, data, inode }) {
  const name = Buffer.from(`${path}\0`)
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length, 0]
  const header = Buffer.from(`070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}`)
  return [header, name, padding(header.length + name.length), data, padding(data.length)]
}

function padding(length) {
  return Buffer.alloc((4 - (length % 4)) % 4)
}
