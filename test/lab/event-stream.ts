import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { LabEvent } from './events.ts'

/** dom0's events as they come. */
export class EventStream {
  /** Resolves when dom0 is up and waits. */
  readonly booted: Promise<void>
  /** Resolves when the person's shell is there. */
  readonly ready: Promise<void>
  /** Resolves when dom0 has done what it was asked to. */
  readonly ended: Promise<void>

  constructor(socket: Socket, take: (event: LabEvent) => void) {
    let onBooted = () => {}
    let onReady = () => {}
    let onEnded = () => {}
    this.booted = new Promise(resolve => {
      onBooted = resolve
    })
    this.ready = new Promise(resolve => {
      onReady = resolve
    })
    this.ended = new Promise(resolve => {
      onEnded = resolve
    })
    createInterface({ input: socket }).on('line', line => {
      const event = parse(line)
      if (event.event === 'booted') onBooted()
      else if (event.event === 'ready') onReady()
      else if (event.event === 'ended') onEnded()
      else take(event)
    })
  }
}

function parse(line: string): LabEvent {
  try {
    return JSON.parse(line)
  } catch {
    return { event: 'note', text: `dom0 says what is no event: ${line}` }
  }
}
