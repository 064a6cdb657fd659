import { type Happening, Heap } from './heap.ts'

/** Something with a fate of its own: what it waits for comes later when it stands still, and never once it is dead. */
export class SimProcess {
  readonly name: string
  alive = true
  stoppedUntil = 0
  readonly onDeath: (() => void)[] = []

  constructor(name: string) {
    this.name = name
  }

  /** SIGKILL. */
  kill(): void {
    if (!this.alive) return
    this.alive = false
    for (const notice of this.onDeath) notice()
  }
}

interface Event extends Happening {
  at: number
  order: number
  readonly process: SimProcess
  readonly run: () => void
  cancelled: boolean
}

/** More events than any world needs: it does not come to rest. */
const EVENTS_MAX = 400_000

/**
 * Virtual time, in milliseconds. One event happens at a time, to one process; before the next one all that follows from it without waiting has happened, so
 * that a world is the same whenever it is run. Whatever asks for a timer meanwhile is that process.
 */
export class Clock {
  now = 0
  /** What dom0's wall clock shows beyond {@link now}. */
  wallAhead = Date.UTC(2026, 0, 1)
  readonly outside = new SimProcess('outside')
  /** The process to which something is happening. */
  current = this.outside
  onError: (error: unknown, process: SimProcess) => void = error => {
    throw error
  }
  readonly #events = new Heap<Event>()
  #order = 0
  #count = 0

  /** @returns what takes it back */
  after(ms: number, process: SimProcess, run: () => void): { cancel(): void } {
    const event: Event = {
      at: this.now + Math.max(ms, 0),
      order: this.#order++,
      process,
      run,
      cancelled: false,
    }
    this.#events.push(event)
    return {
      cancel: () => {
        event.cancelled = true
      },
    }
  }

  /** Lets everything happen that is due until then. */
  async runUntil(end: number): Promise<void> {
    for (;;) {
      const event = this.#events.peek
      if (!event || event.at > end) break
      this.#events.pop()
      if (event.cancelled || !event.process.alive) continue
      if (event.process.stoppedUntil > event.at) {
        event.at = event.process.stoppedUntil
        event.order = this.#order++
        this.#events.push(event)
        continue
      }
      if (++this.#count > EVENTS_MAX) throw new Error(`more than ${EVENTS_MAX} events: the world does not come to rest`)
      this.now = event.at
      await this.#happen(event)
    }
    this.now = end
  }

  async #happen({ process, run }: Event): Promise<void> {
    this.current = process
    try {
      run()
    } catch (error) {
      this.onError(error, process)
    }
    await settled()
    this.current = this.outside
  }
}

/** Resolves when no promise has anything to do any more: Node runs its ticks only when the queue of microtasks is empty. */
function settled(): Promise<void> {
  return new Promise(resolve => process.nextTick(resolve))
}
