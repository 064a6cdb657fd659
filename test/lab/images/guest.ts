import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SOURCES = join(import.meta.dirname, '../guest')
const OBJECTS = ['start.S', 'guest.c', 'pci.c', 'edu.c', 'e1000e.c', 'xen.c', 'machine.c']

/** No library and no 32-bit headers are needed: Debian's gcc compiles this without gcc-multilib. */
const COMPILE = [
  '-m32',
  '-ffreestanding',
  '-fno-pic',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-O1',
  '-Wall',
  '-Werror',
]

/** At 1 MiB, in one segment: libxc loads it in place of hvmloader. */
const LINK = ['-m', 'elf_i386', '-N', '-z', 'noexecstack', '--no-warn-rwx-segments', '-Ttext=0x100000']

/** Compiles the lab's guest (test/lab/guest). */
export function buildGuest(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'stubdom-lab-guest-'))
  try {
    const objects = OBJECTS.map(source => {
      const object = join(directory, `${source}.o`)
      execFileSync('gcc', [...COMPILE, '-c', join(SOURCES, source), '-o', object])
      return object
    })
    const guest = join(directory, 'guest.elf')
    execFileSync('ld', [...LINK, '-o', guest, ...objects])
    return readFileSync(guest)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
