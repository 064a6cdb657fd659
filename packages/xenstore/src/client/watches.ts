import { Observable } from 'rxjs'
import { nulTerminated } from '../wire/codec.ts'
import { Op } from '../wire/messages.ts'
import { checkPayload, checkWatchable } from './checks.ts'
import type { Connection } from './connection.ts'
import { XenstoreClosedError, XenstoreReplyError } from './errors.ts'
import type { CallOptions, Limits } from './limits.ts'

interface Watch {
  next(path: string): void
  complete(): void
}

/** The watches of a connection. Each has a token of its own, by which the daemon's events find it. */
export class Watches {
  readonly #connection: Connection
  readonly #byToken = new Map<string, Watch>()
  #lastToken = 0

  constructor(connection: Connection) {
    this.#connection = connection
    // An event whose token is gone crossed the UNWATCH on its way.
    connection.onWatchEvent = (path, token) => this.#byToken.get(token)?.next(path)
  }

  /** See XenstoreClient.watch. */
  watch(path: string, options: CallOptions | undefined): Observable<string> {
    return new Observable(subscriber => {
      const token = `w${++this.#lastToken}`
      const connection = this.#connection
      const fail = (error: unknown): void => {
        if (error instanceof XenstoreClosedError) subscriber.complete()
        else subscriber.error(error)
      }
      try {
        checkWatchable('watch', path)
        const request = { op: Op.WATCH, path, payload: nulTerminated(path, token) }
        checkPayload(request, connection.maxPayload)
        const limits = connection.limits({ timeoutMs: options?.timeoutMs })
        const lifetime: Limits = { deadline: Infinity, timeoutMs: Infinity, signal: options?.signal }
        subscriber.add(connection.waits.guard(lifetime, () => `watch ${path}`, fail))
        // Known before it is sent: /dev/xen/xenbus delivers the first event before the reply.
        this.#byToken.set(token, subscriber)
        subscriber.add(() => this.#unwatch(path, token))
        connection.request(request, limits).catch((error: unknown) => {
          if (error instanceof XenstoreReplyError) this.#byToken.delete(token)
          fail(error)
        })
      } catch (error) {
        fail(error)
      }
    })
  }

  /** See XenstoreClient.resetWatches. */
  async reset(limits: Limits): Promise<void> {
    const ended = [...this.#byToken] // A watch that is begun while the reset is under way comes after it, and stays.
    await this.#connection.request({ op: Op.RESET_WATCHES, payload: nulTerminated('') }, limits)
    for (const [token, watch] of ended) {
      this.#byToken.delete(token)
      watch.complete()
    }
  }

  /** Nobody waits for the reply, nor for one to WATCH: the daemon takes them in order, and no token is used twice. */
  #unwatch(path: string, token: string): void {
    if (!this.#byToken.delete(token)) return
    const request = { op: Op.UNWATCH, path, payload: nulTerminated(path, token) }
    this.#connection.request(request, this.#connection.limits(undefined)).catch(() => undefined)
  }
}
