import type { Daemon } from '@stubdom/test-xenstored'

const DAEMONS: readonly string[] = ['c', 'ocaml', 'embedded'] satisfies Daemon[]

/** The value of `--xenstored`. */
export function daemonNamed(name: string): Daemon {
  if (DAEMONS.includes(name)) return name as Daemon
  throw new Error(`--xenstored=${name}: one of ${DAEMONS.join(', ')} is wanted`)
}
