import { readSync, writeSync } from 'node:fs'
import type { LabEvent, LabRequest } from '../events.ts'

/** Inherited from init: the virtio port to the host. */
const PORT = 3

const NEWLINE = 0x0a

/** Tells the host. A line longer than the port takes at once is written in pieces. */
export function tell(event: LabEvent): void {
  const line = Buffer.from(`${JSON.stringify(event)}\n`)
  for (let at = 0; at < line.length; ) at += writeSync(PORT, line, at)
}

/** What the host wants next. Nothing else goes on here until it says so. */
export function nextRequest(): LabRequest {
  const byte = Buffer.alloc(1)
  const line: number[] = []
  while (readSync(PORT, byte, 0, 1, null) === 1 && byte[0] !== NEWLINE) line.push(byte[0] ?? 0)
  return JSON.parse(Buffer.from(line).toString()) as LabRequest
}
