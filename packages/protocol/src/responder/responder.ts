import { refusal } from './admission.ts'
import { Answering } from './answering.ts'
import { Desk, type ResponderOptions } from './desk.ts'
import type { InFlight } from './entry.ts'
import { Intake } from './intake.ts'
import { type CommandKey, keyOf, type ResponderEffect, type ResponderInput } from './io.ts'
import { Work } from './work.ts'

/**
 * All commands of one agent, without I/O or clock: it is told what happened and says what to do. entry.ts draws the life of one id.
 *
 * Its promises: an id is executed at most once, and only after its claim stood in the store with the request still there; whatever can be read
 * gets a final response or an entry in `refused`; a response is removed when its request is gone.
 */
export class Responder {
  readonly #desk: Desk
  readonly #answering: Answering
  readonly #work: Work
  readonly #intake: Intake

  constructor(options: ResponderOptions) {
    this.#desk = new Desk(options)
    this.#answering = new Answering(this.#desk)
    this.#work = new Work(this.#desk, this.#answering)
    this.#intake = new Intake(this.#desk, this.#answering, this.#work)
  }

  /** The node `refused` as it should stand. */
  get refusedNode(): string {
    return this.#desk.refusals.node()
  }

  /** Commands that are queued or under way. */
  get inFlight(): readonly InFlight[] {
    return this.#desk.inFlight
  }

  /** Commands of which an id is held: after a reconnect their directories need a listing even where they are gone. */
  get commands(): ReadonlySet<string> {
    return new Set([...this.#desk.entries.values()].map(({ command }) => command))
  }

  /** When a `tick` is wanted, on the clock that `handle` is given; infinite when nothing waits. */
  get wakeAt(): number {
    let at = this.#desk.collection.dueAt
    for (const entry of this.#desk.entries.values()) {
      const waits =
        (entry.state === 'queued' && entry.request.mode.kind === 'run') ||
        (entry.state === 'executing' && !entry.overdue)
      if (waits) at = Math.min(at, entry.request.deadlineAt)
    }
    return at
  }

  /** Whether QEMU may be told now; false when the requester has taken the command back. Afterwards `cancel` is too late. */
  commit(key: CommandKey): boolean {
    return this.#work.commit(key)
  }

  /** @param now milliseconds on any clock that never steps back */
  handle(input: ResponderInput, now: number): ResponderEffect[] {
    this.#desk.now = now
    this.#dispatch(input)
    this.#work.startReady()
    return this.#desk.takeEffects()
  }

  #dispatch(input: ResponderInput): void {
    switch (input.on) {
      case 'started':
        return this.#intake.started(input)
      case 'hint':
        return this.#intake.hint(input)
      case 'requests-listed':
        return this.#intake.listed(input.command, new Set(input.ids))
      case 'request-read':
        return this.#intake.requestRead(input, input.bytes)
      case 'request-parts-read':
        return this.#intake.partsRead(input, input.parts)
      case 'claimed':
        return this.#work.claimed(input, input.request)
      case 'claim-refused':
        return this.#work.claimRefused(input)
      case 'stage':
        return this.#work.pending(input, { stage: input.stage }, input.progress)
      case 'accepted':
        return this.#work.pending(input, { phase: 'accepted' })
      case 'executed':
        return this.#work.executed(input, input.outcome)
      case 'answer-progress':
        return this.#answering.progress(input, input.parts)
      case 'answer-written':
        return this.#answering.written(input)
      case 'answer-refused':
        return this.#answering.writeRefused(input)
      case 'removed':
        return this.#desk.removed(input.effect)
      case 'disconnected':
        return this.#disconnected()
      case 'tick':
        return this.#tick()
    }
  }

  /** What is known is said anew before anything else: a command that waited for another’s end is never seen to begin before it. */
  #disconnected(): void {
    this.#desk.collection.disconnected()
    for (const entry of this.#desk.entries.values()) {
      switch (entry.state) {
        case 'reading':
          this.#intake.readAnew(entry)
          break
        case 'claiming':
          // A claim that was not acknowledged is never executed; it is made anew.
          this.#desk.put({ command: entry.command, id: entry.id, state: 'queued', request: entry.request })
          break
        case 'queued':
          this.#desk.stalled.add(keyOf(entry))
          break
        case 'executing':
          this.#desk.stalled.add(keyOf(entry))
          this.#work.writeAnew(entry)
          break
        case 'answering':
          this.#desk.stalled.add(keyOf(entry))
          this.#answering.write(entry)
          break
        case 'answered':
      }
    }
    this.#desk.removeAgain()
  }

  #tick(): void {
    const { now } = this.#desk
    if (now >= this.#desk.collection.dueAt) this.#desk.listCollected()
    for (const entry of this.#desk.entries.values()) {
      if (entry.state === 'executing' && !entry.overdue && now >= entry.request.deadlineAt) {
        this.#work.pending(entry, { overdue: true })
      }
      if (entry.state === 'queued' && entry.request.mode.kind === 'run' && now >= entry.request.deadlineAt) {
        const message = 'the deadline passed while the command waited for its turn; nothing was done'
        this.#answering.answer(entry, refusal(entry.request.digest, 'deadline', message))
      }
    }
  }
}
