import type { FinalResponse } from '../messages/response.ts'

/** Ids of commands with an effect that an agent remembers after their answers were collected. */
export const REMEMBERED_IDS = 4_096
/** Of the newest of them it remembers the answers too. */
export const REMEMBERED_ANSWERS = 256

/**
 * Remembers how ids were answered after their answers were collected, so that none is executed twice: a request that comes again (a late `cancel`
 * recreated it, say) gets the answer it had. Bounded: of ids older than what it forgot, it only knows that they are too old. Queries are not
 * remembered: running one twice is harmless, and they are too many.
 */
export class AnswerMemory {
  readonly #answers = new Map<string, FinalResponse | undefined>()
  #forgotten = ''

  /** @param response undefined when it was executed and its end is not known */
  remember(id: string, response: FinalResponse | undefined): void {
    this.#answers.delete(id)
    this.#answers.set(id, response)
    const fading = [...this.#answers.keys()].at(-1 - REMEMBERED_ANSWERS)
    if (fading !== undefined) this.#answers.set(fading, undefined)
    if (this.#answers.size <= REMEMBERED_IDS) return
    const oldest = this.#answers.keys().next().value ?? ''
    this.#answers.delete(oldest)
    if (oldest > this.#forgotten) this.#forgotten = oldest
  }

  /** What the answer of `id` told of is gone, if it was done. */
  spend(id: string): void {
    if (this.#answers.get(id)?.state === 'done') this.#answers.set(id, undefined)
  }

  /** The answer of `id`; `expired` when it had one, or may have had one, that is forgotten; undefined when it never had one. */
  recall(id: string): FinalResponse | 'expired' | undefined {
    const answer = this.#answers.get(id)
    if (answer) return answer
    return this.#answers.has(id) || id <= this.#forgotten ? 'expired' : undefined
  }
}
