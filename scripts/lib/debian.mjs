import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './run.mjs'

/** What is used (a program, or a file by its path), and the Debian package that brings it. */
const PACKAGES = {
  'qemu-system-x86_64': 'qemu-system-x86',
  '/usr/libexec/xen-qemu-system-i386': 'qemu-system-xen',
  'xenstore-ls': 'xenstore-utils',
  '/usr/lib/xen-4.17/bin/xenstored': 'xen-utils-4.17',
  '/usr/include/xenctrl.h': 'libxen-dev',
  '/usr/include/stdlib.h': 'libc6-dev',
  gcc: 'gcc',
  'apt-cache': 'apt',
  dpkg: 'dpkg',
  strip: 'binutils',
  xz: 'xz-utils',
  ld: 'binutils',
  setpriv: 'util-linux',
  socat: 'socat',
  '/usr/lib/python3/dist-packages/pyxs': 'python3-pyxs',
}

/** What the demonstration needs. */
export const FOR_DEMO = ['qemu-system-x86_64']

/** What Debian's xenstored and oxenstored need to run without Xen. */
export const FOR_DAEMONS = ['/usr/lib/xen-4.17/bin/xenstored', '/usr/include/xenctrl.h', '/usr/include/stdlib.h', 'gcc']

/** What the tests cannot do without. */
export const FOR_TESTS = [...FOR_DEMO, 'xenstore-ls', 'socat', '/usr/libexec/xen-qemu-system-i386']

/** What builds images out of Debian's packages. */
export const FOR_IMAGE = ['apt-cache', 'dpkg', 'strip', 'xz', 'gcc', '/usr/include/stdlib.h', '/usr/include/xenctrl.h']

/** What the lab runs on, and compiles its guest with; everything in it comes from packages that are only unpacked. */
export const FOR_LAB = ['qemu-system-x86_64', 'ld', 'setpriv']

/** What the benchmarks compare with, besides C. */
export const FOR_BENCH = ['/usr/lib/python3/dist-packages/pyxs']

/**
 * Sees to it that programs are there: installs them when we are root on Debian, else says what is missing and how to get it. False when one is missing.
 * @param {string[]} programs keys of PACKAGES
 */
export async function installPrograms(programs) {
  const missing = programs.filter(name => !isInstalled(name))
  if (missing.length === 0) return true
  const packages = missing.map(name => PACKAGES[name])
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    process.stderr.write(`installing ${packages.join(', ')} …\n`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const updated = await run('apt-get', ['update', '-qq'], { env, quiet: true })
    const args = ['install', '-y', '-qq', '--no-install-recommends', ...packages]
    if (updated === 0 && (await run('apt-get', args, { env, quiet: true })) === 0) return true
  }
  process.stderr.write(`missing: ${missing.join(', ')}. On Debian: apt-get install ${packages.join(' ')}\n`)
  return false
}

function isInstalled(program) {
  if (program.startsWith('/')) return existsSync(program)
  return (process.env.PATH ?? '').split(delimiter).some(directory => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
