import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { toCpio } from '../scripts/lib/rootfs/cpio.mjs'
import { readElf } from '../scripts/lib/rootfs/elf.mjs'
import { Tree } from '../scripts/lib/rootfs/tree.mjs'

function filled(order: readonly string[]): InstanceType<typeof Tree> {
  const tree = new Tree()
  for (const path of order) {
    if (path === 'bin/sh') tree.link(path, 'busybox')
    else tree.file(path, `content of ${path}`, { mode: 0o755 })
  }
  return tree
}

test('the same tree gives the same archive, in whatever order it was made', () => {
  const paths = ['bin/busybox', 'bin/sh', 'init', 'usr/bin/node']
  expect(toCpio(filled(paths)).equals(toCpio(filled(paths.toReversed())))).toBe(true)
})

test('an archive begins with the first directory and ends as the kernel wants it', () => {
  const archive = toCpio(filled(['bin/sh'])).toString('latin1')
  const [directory, link, trailer] = archive.split('070701').slice(1)
  expect(directory).toMatch(/^00000001000041ED0{16}00000002/i) // inode 1, mode 040755, root, two links
  expect(directory?.slice(104)).toBe('bin\0\0\0')
  expect(link).toMatch(/^000000020000A1FF/i)
  expect(link).toContain('bin/sh\0')
  expect(link).toContain('busybox')
  expect(trailer).toContain('TRAILER!!!\0')
  expect(archive.length % 4).toBe(0)
})

test('a path that is there already is not replaced in silence', () => {
  const tree = filled(['init'])
  expect(() => tree.file('init', '')).toThrow(/init is in the tree already/)
  expect(() => tree.file('../init', '')).toThrow(/not a path below a root/)
})

test('an ELF file tells its interpreter and libraries', () => {
  expect(readElf(readFileSync(process.execPath))).toMatchObject({
    interpreter: '/lib64/ld-linux-x86-64.so.2',
    needed: expect.arrayContaining(['libc.so.6']),
  })
  expect(readElf(Buffer.from('#!/bin/sh'))).toBeUndefined()
})
