/** Where a call learns that it should look at its response. */
export interface ResponseHints {
  /** Calls `look` at every event that may concern the response; the result ends that. A source that fails is silent: calls look by themselves, too. */
  follow(command: string, id: string, look: () => void): () => void
  /** The epoch of the agent as a live view has it: undefined when no such view is held, and the call must read `hello` itself. */
  liveEpoch(): string | undefined
  close(): void
}

/** Events for which a call looks, of one source. One that sends more is not listened to any more. */
const EVENTS_PER_SECOND = 500

/** How many events a stubdomain may cause: so many a second, unused ones of one second in hand. */
export class EventBudget {
  #left = EVENTS_PER_SECOND
  #at = performance.now()

  /** Whether one more is within the budget. */
  spend(): boolean {
    const now = performance.now()
    this.#left = Math.min(EVENTS_PER_SECOND, this.#left + ((now - this.#at) * EVENTS_PER_SECOND) / 1_000)
    this.#at = now
    this.#left -= 1
    return this.#left >= 0
  }
}
