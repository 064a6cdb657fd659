import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { root } from '../../scripts/lib/root.mjs'

const PREFIX = 'stubdom-lab-'

/** Where the failed runs' logs are kept. */
const KEPT = join(root, 'dist/lab')
const KEPT_RUNS = 5

/** What one run needs of the file system: sockets, the payload, logs. Under /tmp, since a socket's path may not be long. */
export class RunDirectory {
  readonly path = join(tmpdir(), `${PREFIX}${process.pid}`)
  readonly logs = join(this.path, 'logs')

  constructor() {
    removeAbandoned()
    mkdirSync(this.logs, { recursive: true })
  }

  /** The part of it that is one machine's. @param name by which its logs are known */
  ofMachine(name: string): MachineDirectory {
    return new MachineDirectory(join(this.path, name), join(this.logs, name))
  }

  /** Keeps the logs of this run beside those of the last few that failed; returns where. */
  keepLogs(): string {
    const kept = join(KEPT, new Date().toISOString().replace(/[:.]/g, '-'))
    cpSync(this.logs, kept, { recursive: true })
    for (const old of readdirSync(KEPT).sort().slice(0, -KEPT_RUNS)) rmSync(join(KEPT, old), { recursive: true })
    return kept
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** What is one machine's. */
export class MachineDirectory {
  readonly logs: string
  readonly #path: string

  constructor(path: string, logs: string) {
    this.#path = path
    this.logs = logs
    for (const directory of [path, logs]) mkdirSync(directory, { recursive: true })
  }

  file(name: string): string {
    return join(this.#path, name)
  }

  /** Adds to a log; the name comes from dom0. */
  log(name: string, text: string): void {
    appendFileSync(join(this.logs, basename(name)), text, 'latin1')
  }
}

/** Directories of runs that were killed. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : ''
    if (/^\d+$/.test(pid) && !existsSync(`/proc/${pid}`)) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
}
