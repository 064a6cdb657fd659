import { commandDefinition } from '../commands/index.ts'
import type { Sha256 } from '../digest.ts'
import { WINDOW_DEFAULT } from '../limits.ts'
import type { PendingResponse } from '../messages/response.ts'
import { Collection } from './collection.ts'
import type { Entry, InFlight } from './entry.ts'
import { type CommandKey, keyOf, type Removal, type ResponderEffect } from './io.ts'
import { AnswerMemory } from './memory.ts'
import { Refusals } from './refusals.ts'

/** Ids of all states that are held; what is beyond is found by a later listing. */
export const ENTRIES_MAX = 4_096

export interface ResponderOptions {
  readonly epoch: string
  readonly sha256: Sha256
  /** Commands queued or running before `busy`. */
  readonly window?: number
}

/** What the parts of a responder share: the ids it holds, what it remembers, and the effects of the input being handled. */
export class Desk {
  readonly epoch: string
  readonly sha256: Sha256
  readonly window: number
  readonly entries = new Map<string, Entry>()
  readonly memory = new AnswerMemory()
  readonly refusals = new Refusals()
  readonly collection = new Collection()
  /** What was under way on a connection that is lost. */
  readonly stalled = new Set<string>()
  now = 0
  #effects: ResponderEffect[] = []
  /** Wanted, and not known to be done. */
  readonly #removals = new Set<Removal>()

  constructor({ epoch, sha256, window = WINDOW_DEFAULT }: ResponderOptions) {
    this.epoch = epoch
    this.sha256 = sha256
    this.window = window
  }

  get(key: CommandKey): Entry | undefined {
    return this.entries.get(keyOf(key))
  }

  put(entry: Entry): void {
    this.entries.set(keyOf(entry), entry)
  }

  /** Its turn comes after that of all others. */
  putLast(entry: Entry): void {
    this.entries.delete(keyOf(entry))
    this.put(entry)
  }

  /** Takes an id on. @param left what an earlier agent had written for it */
  read({ command, id }: CommandKey, left?: PendingResponse): void {
    if (this.entries.size >= ENTRIES_MAX) return
    this.put({ command, id, state: 'reading', again: false, ...(left ? { left } : {}) })
    this.do({ do: 'read-request', command, id })
  }

  do(effect: ResponderEffect): void {
    this.#effects.push(effect)
    if (effect.do !== 'remove-response' && effect.do !== 'remove-parts') return
    this.#removals.add(effect)
    const [oldest] = this.#removals
    if (oldest && this.#removals.size > ENTRIES_MAX) this.removed(oldest)
  }

  removed(effect: Removal): void {
    this.#removals.delete(effect)
  }

  /** What was to be removed may still stand there after a connection was lost, and nothing else would remember it, unless its id came back. */
  removeAgain(): void {
    const answers = [...this.entries.values()].filter(({ state }) => state !== 'reading' && state !== 'queued')
    const theirs = new Set(answers.map(({ id }) => id))
    const wanted = [...this.#removals]
    this.#removals.clear()
    for (const effect of wanted) if (!theirs.has(effect.id)) this.do(effect)
  }

  takeEffects(): ResponderEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** Forgets an id; with what stands in the store for it if there is something. */
  drop(entry: Entry, stands: { response: boolean; parts?: boolean }): void {
    const { command, id } = entry
    this.entries.delete(keyOf(entry))
    this.collection.delete(keyOf(entry))
    this.stalled.delete(keyOf(entry))
    if (!stands.response) return
    const definition = commandDefinition(command)
    if (definition?.answersOnce) this.memory.spend(id)
    const directory = !definition && ![...this.entries.values()].some(other => other.command === command)
    this.do({ do: 'remove-response', command, id, parts: stands.parts === true, directory })
  }

  /** Has an answered id checked for having been collected. */
  settle(entry: Entry): void {
    this.collection.add(keyOf(entry), entry.command, this.now)
    if (this.collection.dueAt <= this.now) this.listCollected()
  }

  listCollected(): void {
    for (const command of this.collection.take()) this.do({ do: 'list-requests', command })
  }

  /** Final responses of a command that stand in the store, those aside that were probably just collected. */
  uncollected(command: string): number {
    let count = 0
    for (const [key, entry] of this.entries) {
      const stands = entry.state === 'answering' || entry.state === 'answered'
      if (stands && entry.command === command && !this.collection.has(key)) count++
    }
    return count
  }

  get inFlight(): InFlight[] {
    return [...this.entries.values()].flatMap((entry): InFlight[] => {
      const { command, id } = entry
      if (entry.state === 'queued' || entry.state === 'claiming')
        return [{ command, id, state: 'queued', overdue: false }]
      return entry.state === 'executing' ? [{ command, id, state: entry.phase, overdue: entry.overdue }] : []
    })
  }
}
