import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { LabEvent } from './events.ts'

/** Events that say how far dom0 is; each comes once. */
const STEPS = ['booted', 'prepared', 'ready', 'ended'] as const
type Step = (typeof STEPS)[number]

/** dom0's events as they come. */
export class EventStream {
  readonly #reached: Record<Step, PromiseWithResolvers>

  constructor(socket: Socket, take: (event: LabEvent) => void) {
    this.#reached = { booted: deferred(), prepared: deferred(), ready: deferred(), ended: deferred() }
    createInterface({ input: socket }).on('line', line => {
      const event = parse(line)
      if (isStep(event.event)) this.#reached[event.event].resolve()
      else take(event as Exclude<LabEvent, { event: Step }>)
    })
  }

  /** Resolves when dom0 is up and waits (`booted`), has laid out its guests (`prepared`), has a shell for the person (`ready`), or has done what it was asked to (`ended`). */
  reached(step: Step): Promise<void> {
    return this.#reached[step].promise
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

function deferred(): PromiseWithResolvers {
  let resolve = () => {}
  const promise = new Promise<void>(done => {
    resolve = done
  })
  return { promise, resolve }
}

function isStep(event: string): event is Step {
  return STEPS.some(step => step === event)
}

function parse(line: string): LabEvent {
  try {
    return JSON.parse(line)
  } catch {
    return { event: 'note', text: `dom0 says what is no event: ${line}` }
  }
}
