import { EVERYTHING } from '../commands/command.ts'
import type { Entry, EntryIn } from './entry.ts'

/**
 * The queued commands that may start now, in the order in which they were read: commands that change the same thing run one after the other,
 * and what an earlier agent left is cleared up before anything new is begun. A command that QEMU accepted holds nothing up: it waits for the guest.
 */
export function startable(entries: Iterable<Entry>): EntryIn<'queued'>[] {
  const ready: EntryIn<'queued'>[] = []
  const taken: (readonly string[])[] = []
  const all = [...entries]
  const clearingUp = all.some(isClearingUp)
  for (const entry of all) {
    const busy = entry.state === 'claiming' || (entry.state === 'executing' && entry.phase === 'running')
    if (busy) taken.push(entry.request.touches)
  }
  for (const entry of all) {
    // What it will change is not known before its parts are there; it was read earlier.
    if (entry.state === 'reading' && entry.head) taken.push([EVERYTHING])
    if (entry.state !== 'queued') continue
    const { touches, mode } = entry.request
    const waits = (clearingUp && mode.kind === 'run') || taken.some(other => collide(touches, other))
    // What waits holds up later commands that touch the same: the order is kept.
    taken.push(touches)
    if (!waits) ready.push(entry)
  }
  return ready
}

function isClearingUp(entry: Entry): boolean {
  switch (entry.state) {
    case 'reading':
      return entry.left !== undefined
    case 'queued':
    case 'claiming':
      return entry.request.mode.kind === 'reconcile'
    case 'executing':
      return entry.request.mode.kind === 'reconcile' && entry.phase === 'running' && !entry.overdue
    default:
      return false
  }
}

function collide(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 0 || b.length === 0) return false
  return a.includes(EVERYTHING) || b.includes(EVERYTHING) || a.some(thing => b.includes(thing))
}
