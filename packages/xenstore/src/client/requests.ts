import { type Message, Op, opName } from '../wire/messages.ts'
import { XenstoreReplyError } from './errors.ts'

/** One request, before it has an id. */
export interface Request {
  readonly op: Op
  readonly payload: Buffer
  /** The node that it is about, for errors. */
  readonly path?: string | undefined
  /** 0 or left out: outside of any transaction. */
  readonly transactionId?: number
}

/** A request in words: `READ /a/b`. */
export function describe({ op, path }: Request): string {
  return path === undefined ? opName(op) : `${opName(op)} ${path}`
}

/** Who waits for a reply. */
export interface Waiter {
  resolve(payload: Buffer): void
  reject(error: XenstoreReplyError): void
  /** Called instead when the reply, unless it is an error, comes after nobody waits for it any more. */
  late?: ((payload: Buffer) => void) | undefined
}

interface Entry {
  readonly request: Request
  readonly waiter: Waiter
  readonly deadline: number
  abandoned: boolean
}

const ID_MAX = 0xffff_ffff

/** So many requests given up on, with the oldest overdue: the daemon is not late, it does not answer. */
export const ABANDONED_MAX = 1_000

/**
 * The requests that have no reply yet, by id. One that its caller gave up on stays as a tombstone until the reply
 * comes, so that the late reply is neither taken for a violation nor for the reply to another request.
 */
export class PendingRequests {
  readonly #entries = new Map<number, Entry>()
  #abandoned = 0
  #lastId = 0

  /** Returns the request's id. `deadline` is on the clock of `performance.now()`. */
  add(request: Request, deadline: number, waiter: Waiter): number {
    do this.#lastId = (this.#lastId % ID_MAX) + 1
    while (this.#entries.has(this.#lastId))
    this.#entries.set(this.#lastId, { request, waiter, deadline, abandoned: false })
    return this.#lastId
  }

  /** Nobody waits for this reply any more. Returns whether the daemon must be considered unresponsive. */
  abandon(id: number): boolean {
    const entry = this.#entries.get(id)
    if (!entry || entry.abandoned) return false
    entry.abandoned = true
    this.#abandoned += 1
    if (this.#abandoned <= ABANDONED_MAX) return false
    const [oldest] = this.#entries.values() // Replies come in order, and a Map keeps its order.
    return oldest !== undefined && oldest.deadline <= performance.now()
  }

  /** Hands a reply to who waits for it. Returns what is wrong when it is nobody's. */
  settle({ requestId, type, payload }: Message): string | undefined {
    const entry = this.#entries.get(requestId)
    if (!entry) return `a reply (${opName(type)}) to request ${requestId}, which is not outstanding`
    const { request, waiter } = entry
    if (type !== request.op && type !== Op.ERROR) return `${opName(type)} as the reply to ${describe(request)}`
    this.#entries.delete(requestId)
    if (entry.abandoned) this.#abandoned -= 1
    if (type === Op.ERROR) {
      if (!entry.abandoned) waiter.reject(new XenstoreReplyError(errnoOf(payload), opName(request.op), request.path))
    } else if (entry.abandoned) waiter.late?.(payload)
    else waiter.resolve(payload)
    return undefined
  }

  /** How many replies are still to come, tombstones included. */
  get size(): number {
    return this.#entries.size
  }
}

function errnoOf(payload: Buffer): string {
  const text = payload.toString('latin1').replace(/\0$/, '')
  return /^[A-Z][A-Z0-9]{0,31}$/.test(text) ? text : 'an error without a name'
}
