import { printable } from '@stubdom/protocol'
import { type Observable, Subject } from 'rxjs'
import type { Logger } from './logger.ts'

/** What a stubdomain did that no agent of ours does. */
export interface Misbehaviour {
  readonly stubdomain: number
  /** In words for people, printable. */
  readonly why: string
}

/** The one way to say it: in errors, in logs and by stubdomctl. */
export function describeMisbehaviour({ stubdomain, why }: Misbehaviour): string {
  return `stubdomain ${stubdomain} misbehaves: ${why}`
}

export const MISBEHAVIOUR_REMEDY =
  'do not trust this stubdomain: look at it with stubdomctl ls, and consider destroying it'

/** Different reasons that are told of one stubdomain within a minute. */
const REASONS_MAX = 8
const FORGET_MS = 60_000
const WHY_MAX = 300

/** Tells each misbehaviour once a minute: how much is said must not be the stubdomain's choice. */
export class Misbehaviours {
  readonly #told = new Map<number, { readonly reasons: Set<string>; readonly since: number }>()
  readonly #observed = new Subject<Misbehaviour>()
  readonly observed: Observable<Misbehaviour> = this.#observed.asObservable()
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  report(stubdomain: number, reason: string): void {
    const misbehaviour: Misbehaviour = { stubdomain, why: printable(reason, WHY_MAX) }
    const { reasons } = this.#remembered(stubdomain)
    if (reasons.size >= REASONS_MAX || reasons.has(misbehaviour.why)) return
    reasons.add(misbehaviour.why)
    this.#logger.warn({ stubdomain }, describeMisbehaviour(misbehaviour))
    this.#observed.next(misbehaviour)
  }

  close(): void {
    this.#observed.complete()
  }

  #remembered(stubdomain: number): { readonly reasons: Set<string> } {
    const now = performance.now()
    for (const [domid, { since }] of this.#told) if (now - since >= FORGET_MS) this.#told.delete(domid)
    const told = this.#told.get(stubdomain) ?? { reasons: new Set(), since: now }
    this.#told.set(stubdomain, told)
    return told
  }
}
