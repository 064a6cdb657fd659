import { quoted } from '../quoted.ts'
import { nulTerminated } from '../wire/codec.ts'
import { Op } from '../wire/messages.ts'
import { jitteredDelayMs } from './backoff.ts'
import type { Connection, Requester } from './connection.ts'
import { DataOperations, type XenstoreData } from './data.ts'
import { isErrno, type XenstoreError, XenstoreUsageError } from './errors.ts'
import type { CallOptions, Limits } from './limits.ts'
import { pause } from './pause.ts'
import { describe, type Request } from './requests.ts'

/** How often a transaction is tried when others keep changing what it read. Usually its deadline comes first. */
const TRIES_MAX = 100

const what = (): string => 'transaction'

/**
 * Runs `body` in a transaction until it commits without a conflict. Whatever ends it early, the transaction does not
 * stay open: one open transaction anywhere slows down the writes of every domain on the machine (C xenstored).
 */
export async function runTransaction<T>(
  connection: Connection,
  body: (transaction: XenstoreData) => Promise<T>,
  limits: Limits,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const transaction = await beginTransaction(connection, limits)
    const result = await transaction.run(body)
    try {
      await transaction.commit()
      return result
    } catch (error) {
      if (!isErrno(error, 'EAGAIN') || attempt === TRIES_MAX) throw error
    }
    await connection.waits.bounded(limits, what, () => pause(jitteredDelayMs(attempt)))
  }
}

async function beginTransaction(connection: Connection, limits: Limits): Promise<OpenTransaction> {
  const request: Request = { op: Op.TRANSACTION_START, payload: nulTerminated('') }
  const opened = (reply: Buffer): OpenTransaction | XenstoreError => {
    const id = Number(/^(\d{1,10})\0?$/.exec(reply.toString('latin1'))?.[1])
    return id > 0
      ? new OpenTransaction(connection, id, limits)
      : connection.violation(`a transaction with the id ${quoted(`${reply}`)}`)
  }
  const outcome = opened(
    await connection.request(request, limits, reply => {
      const late = opened(reply)
      if (late instanceof OpenTransaction) late.abort() // Nobody waits for it any more.
    }),
  )
  if (outcome instanceof OpenTransaction) return outcome
  throw outcome
}

/** A transaction that the daemon has open. All that is asked of it shares its limits. */
class OpenTransaction implements Requester {
  readonly #connection: Connection
  readonly #id: number
  readonly #limits: Limits
  #over = false

  constructor(connection: Connection, id: number, limits: Limits) {
    this.#connection = connection
    this.#id = id
    this.#limits = limits
  }

  get maxPayload(): number {
    return this.#connection.maxPayload
  }

  limits(options: CallOptions | undefined): Limits {
    const own = this.#connection.limits(options)
    return own.deadline < this.#limits.deadline ? own : { ...this.#limits, signal: own.signal }
  }

  async request(request: Request, limits: Limits): Promise<Buffer> {
    if (this.#over) throw new XenstoreUsageError(describe(request), 'its transaction has ended')
    return this.#connection.request({ ...request, transactionId: this.#id }, limits)
  }

  violation(detail: string): XenstoreError {
    return this.#connection.violation(detail)
  }

  /** Runs the body; aborts when it fails, or does not end in time. */
  async run<T>(body: (transaction: XenstoreData) => Promise<T>): Promise<T> {
    try {
      return await this.#connection.waits.bounded(this.#limits, what, async () => body(new DataOperations(this)))
    } catch (error) {
      this.abort()
      throw error
    } finally {
      this.#over = true
    }
  }

  async commit(): Promise<void> {
    await this.#end('T', this.#limits)
  }

  /** Nobody waits for the reply: the daemon takes requests in order, and there is nothing to do if it refuses. */
  abort(): void {
    this.#end('F', this.#connection.limits(undefined)).catch(() => undefined)
  }

  #end(verdict: 'T' | 'F', limits: Limits): Promise<Buffer> {
    const request: Request = { op: Op.TRANSACTION_END, payload: nulTerminated(verdict), transactionId: this.#id }
    return this.#connection.request(request, limits)
  }
}
