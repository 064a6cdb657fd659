import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The playground that runs, as a file tells it: one for each user. */
export interface Record {
  readonly pid: number
  readonly directory: string
  readonly xenstore: string
  readonly guestXenstore: string
  readonly stubdomainXenstore: string
  readonly saveDirectory: string
}

function file(): string {
  return join(tmpdir(), `stubdom-playground-${process.getuid?.() ?? 0}.json`)
}

export function writeRecord(record: Record): void {
  writeFileSync(file(), JSON.stringify(record), { mode: 0o600 })
}

export function removeRecord(): void {
  rmSync(file(), { force: true })
}

/** Undefined when none runs. */
export function readRecord(): Record | undefined {
  let record: Record
  try {
    record = JSON.parse(readFileSync(file(), 'utf8')) as Record
  } catch {
    return undefined
  }
  return isAlive(record.pid) ? record : undefined
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
