import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { MissingPackageError } from './errors.ts'

/** The servers that tests run on: xenstored, oxenstored, and the one of `@stubdom/xenstore`. */
export type Daemon = 'c' | 'ocaml' | 'embedded'

/** Debian's xen-utils-4.17. The wrappers in /usr/sbin want Xen, these do not. */
const XEN_PROGRAMS = '/usr/lib/xen-4.17/bin'

export const DAEMON_PROGRAMS = { c: `${XEN_PROGRAMS}/xenstored`, ocaml: `${XEN_PROGRAMS}/oxenstored` } as const

/** What a real daemon needs without Xen, and the Debian package that brings it. */
const TOOLS: readonly (readonly [what: string, isThere: () => boolean, debianPackage: string])[] = [
  ['gcc', () => isOnPath('gcc'), 'gcc libc6-dev'],
  ['xenctrl.h', () => existsSync('/usr/include/xenctrl.h'), 'libxen-dev'],
]

/** @throws MissingPackageError when the daemon cannot run on this machine */
export function checkInstalled(daemon: Daemon): void {
  if (daemon === 'embedded') return
  const program = DAEMON_PROGRAMS[daemon]
  if (!existsSync(program)) throw new MissingPackageError(program, 'xen-utils-4.17')
  for (const [what, isThere, debianPackage] of TOOLS) if (!isThere()) throw new MissingPackageError(what, debianPackage)
}

/**
 * The servers to run a test file on, for `describe.each(daemons())`. A real one that is not installed is left out with a
 * line on stderr; with CI=true that fails the file.
 * @throws MissingPackageError
 */
export function daemons(): readonly Daemon[] {
  installed ??= (['c', 'ocaml', 'embedded'] as const).filter(isInstalled)
  return installed
}

let installed: readonly Daemon[] | undefined

function isInstalled(daemon: Daemon): boolean {
  try {
    checkInstalled(daemon)
    return true
  } catch (error) {
    if (!(error instanceof MissingPackageError) || process.env['CI'] === 'true') throw error
    process.stderr.write(`Not tested on the ${daemon} daemon: ${error.message}\n`)
    return false
  }
}

function isOnPath(program: string): boolean {
  const directories = (process.env['PATH'] ?? '').split(delimiter)
  return directories.some(directory => existsSync(join(directory, program)))
}
