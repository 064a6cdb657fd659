import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { filter, firstValueFrom, ReplaySubject, skip } from 'rxjs'
import type { LabEvent } from './events.ts'

/** Events that say how far dom0 is. */
const STEPS = ['booted', 'prepared', 'ready', 'done', 'ended'] as const
type Step = (typeof STEPS)[number]

/** dom0's events as they come. */
export class EventStream {
  readonly #steps = new ReplaySubject<Step>()

  constructor(socket: Socket, take: (event: LabEvent) => void) {
    createInterface({ input: socket }).on('line', line => {
      const event = parse(line)
      if (isStep(event.event)) this.#steps.next(event.event)
      else take(event as Exclude<LabEvent, { event: Step }>)
    })
  }

  /**
   * Resolves when dom0 is up and waits (`booted`), has laid out its guests (`prepared`), has a shell for the person (`ready`), has run what it was asked to (`done`), or has nothing more to do (`ended`), for the
   * `times`th time.
   */
  async reached(step: Step, times = 1): Promise<void> {
    await firstValueFrom(
      this.#steps.pipe(
        filter(reached => reached === step),
        skip(times - 1),
      ),
    )
  }
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
