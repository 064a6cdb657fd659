import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './run.mjs'

/** Programs that are used, and the Debian packages that bring them. */
const PACKAGES = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'xenstore-ls': 'xenstore-utils',
}

/**
 * Sees to it that programs are there: installs them when we are root on Debian, else says what is missing and how to get it. False when one is missing.
 * @param {(keyof typeof PACKAGES)[]} programs
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
  return (process.env.PATH ?? '').split(delimiter).some(directory => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
