import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** What a test puts into `<directory>/<role>.armed`. */
export interface Armed {
  /** At which step: `claim sent`, `device_add answered`, `qom-list answered #2`. */
  readonly at: string
  /** Which process is to end, if not the one that reached the step. */
  readonly pid?: number | undefined
}

/** Where a test and this module meet. */
const DIRECTORY = process.env['STUBDOM_CRASH_DIR'] ?? '/nonexistent'
const ROLE = process.env['STUBDOM_CRASH_ROLE']

/** QEMU's commands without an effect: only their answers count, since before those nothing happens. */
const QUERY = /^(qom|query)-\S+ (unsent|sent)$/

/** An agent serves one command after another: what is left to do for an earlier one is no step of the present one. */
const seen = new Set<string>()
let present = ROLE === 'agent' ? '' : 'the only one'
let armedText = ''
const counts = new Map<string, number>()

/**
 * Stands in the place of both programs' steps.ts: writes each step down, and ends a process at the one that a test has named. That happens at once, so that
 * nothing of what follows is done; only what was just handed to Node for the connection to Xenstore leaves first.
 */
export function reached(step: string, about?: string | { readonly id: string }): void {
  const text = read(join(DIRECTORY, `${ROLE}.armed`))
  if (text !== armedText) begin(text)
  if (typeof about === 'object' && !isPresent(step, about.id)) return
  const name = typeof about === 'string' ? `${about} ${step}` : step
  if (present === '' || QUERY.test(name)) return
  const count = (counts.get(name) ?? 0) + 1
  counts.set(name, count)
  const numbered = count > 1 ? `${name} #${count}` : name
  appendFileSync(join(DIRECTORY, `${ROLE}.log`), `${numbered}\n`)
  if (text === '') return
  const { at, pid } = JSON.parse(text) as Armed
  if (at !== numbered) return
  rmSync(join(DIRECTORY, `${ROLE}.armed`))
  // What goes to Xenstore in one tick is written at its end; a reply cannot be here before the next look at the sockets.
  if (step.endsWith(' sent')) setImmediate(() => kill(pid))
  else kill(pid)
}

function begin(text: string): void {
  armedText = text
  counts.clear()
  if (ROLE === 'agent') present = ''
}

function isPresent(step: string, id: string): boolean {
  if (step === 'request read' && !seen.has(id)) {
    seen.add(id)
    counts.clear()
    present = id
  }
  return present === id
}

/** Returns when the process is dead. */
function kill(pid = process.pid): void {
  process.kill(pid, 'SIGKILL')
  const nothing = new Int32Array(new SharedArrayBuffer(4))
  while (isAlive(pid)) Atomics.wait(nothing, 0, 0, 1)
}

/** One that has ended stays a zombie until its parent looks. */
function isAlive(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`)
  return stat !== '' && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
