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

/** Why a stubdomain is not listened to for a while; its commands look at intervals instead. */
export const NOISE = `it changes its nodes more than ${EVENTS_PER_SECOND} times a second`

/** The same for events of other processes' commands, for which nothing is done: how many there are is not the stubdomain's doing alone. */
export const EVENTS_OF_OTHERS_PER_SECOND = 5_000

/** However many commands were given: no more than these are in hand. */
const EXPECTED_MAX = 20_000

/** Events that a command may cause by itself: registration, claim, stages, answer, removal. */
const EVENTS_PER_COMMAND = 8

/** Events at once, besides those for commands: what is looked at before a flood is noticed keeps others waiting. */
const EVENTS_IN_HAND = 100

/** How many events a stubdomain may cause: some for each command that it was given, and so many a second; some of them in hand. */
export class EventBudget {
  readonly #perSecond: number
  readonly #inHand: number
  #left: number
  #at = performance.now()

  constructor(perSecond: number = EVENTS_PER_SECOND, inHand: number = EVENTS_IN_HAND) {
    this.#perSecond = perSecond
    this.#inHand = inHand
    this.#left = inHand
  }

  /** One more command was given: a fast process is not to be taken for a noisy stubdomain. */
  expect(): void {
    this.#left += EVENTS_PER_COMMAND
  }

  /** Whether one more is within the budget. */
  spend(): boolean {
    const now = performance.now()
    const earned = ((now - this.#at) * this.#perSecond) / 1_000
    this.#left = Math.max(Math.min(this.#inHand, this.#left + earned), Math.min(this.#left, EXPECTED_MAX))
    this.#at = now
    this.#left -= 1
    return this.#left >= 0
  }
}
