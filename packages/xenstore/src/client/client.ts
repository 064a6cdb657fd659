import type { Observable } from 'rxjs'
import { isDevice, xenstoreAddress } from './address.ts'
import { Connection } from './connection.ts'
import { DataOperations, type XenstoreData } from './data.ts'
import { DomainOperations } from './domains.ts'
import type { XenstoreError } from './errors.ts'
import {
  type CallOptions,
  DEFAULT_SILENCE_MS,
  DEFAULT_TIMEOUT_MS,
  type Limits,
  limitsOf,
  positiveMs,
} from './limits.ts'
import { runTransaction } from './transactions.ts'
import type { Transport } from './transport.ts'
import { connectUnixSocket } from './unix-socket.ts'
import { Watches } from './watches.ts'
import { openXenbus } from './xenbus.ts'

export interface ConnectOptions {
  /** The daemon's socket, or the kernel's device for it; by default see {@link xenstoreAddress}. */
  readonly path?: string | undefined
  /** How long connecting may take, and each call unless it says otherwise; milliseconds, 5,000 by default. */
  readonly timeoutMs?: number | undefined
  /**
   * How long the daemon may send nothing at all while it owes replies, before the connection is given up as lost;
   * milliseconds, 10,000 by default. A call whose own time ends earlier only ends that call.
   */
  readonly silenceMs?: number | undefined
  /** Ends the attempt to connect; has no effect on the client after that. */
  readonly signal?: AbortSignal | undefined
  /** A transport that is connected already, instead of any `path`. */
  readonly transport?: Transport | undefined
}

/**
 * A connection to a Xenstore daemon. Calls made in one tick leave together and are answered in order; none waits for
 * another's reply. A lost connection is not made anew, since watches and transactions ended with it: see `closed`.
 */
export class XenstoreClient extends DataOperations implements XenstoreData {
  /** Resolves (never rejects) when the connection has ended, with why; undefined after `close()`. */
  readonly closed: Promise<XenstoreError | undefined>
  readonly #connection: Connection
  readonly #watches: Watches
  readonly #domains: DomainOperations

  static async connect(options: ConnectOptions = {}): Promise<XenstoreClient> {
    const limits = limitsOf(options, DEFAULT_TIMEOUT_MS)
    const { timeoutMs } = limits
    const silenceMs = positiveMs('silenceMs', options.silenceMs ?? DEFAULT_SILENCE_MS)
    const transport = options.transport ?? (await connectTo(options.path ?? xenstoreAddress(), limits))
    return new XenstoreClient(new Connection(transport, { timeoutMs, silenceMs }))
  }

  private constructor(connection: Connection) {
    super(connection)
    this.#connection = connection
    this.#watches = new Watches(connection)
    this.#domains = new DomainOperations(connection)
    this.closed = connection.closed
  }

  /**
   * The paths of changed nodes at `path` and below it, beginning with `path` itself once the watch is registered; or
   * the events of `@introduceDomain` and `@releaseDomain`. Each subscription is a watch of its own, until unsubscribed.
   * Errors when the daemon refuses the watch or the connection is lost; completes on `close()` and `resetWatches()`.
   * `timeoutMs` bounds the registration, `signal` the whole watch. Equal events in a row may arrive as one.
   */
  watch(path: string, options?: CallOptions): Observable<string> {
    return this.#watches.watch(path, options)
  }

  /**
   * Runs `body` in a transaction and commits; runs it again when the commit meets a conflict. What `body` throws aborts
   * the transaction and is passed on. The deadline (`timeoutMs`) holds for everything together. After a timeout or an
   * abort during the commit it is unknown whether it was committed. `transaction` is of no use once `body` has ended.
   */
  async transaction<T>(body: (transaction: XenstoreData) => Promise<T>, options?: CallOptions): Promise<T> {
    return runTransaction(this.#connection, body, this.#connection.limits(options))
  }

  /**
   * Lets the daemon serve a domain: `gfn` is its ring page's frame, `port` its event channel.
   * EINVAL for a domain that Xen does not know.
   */
  introduce(domid: number, gfn: number | bigint, port: number, options?: CallOptions): Promise<void> {
    return this.#domains.introduce(domid, gfn, port, options)
  }

  /** Ends what `introduce` began. */
  release(domid: number, options?: CallOptions): Promise<void> {
    return this.#domains.release(domid, options)
  }

  isIntroduced(domid: number, options?: CallOptions): Promise<boolean> {
    return this.#domains.isIntroduced(domid, options)
  }

  /** The domain's own directory, to which its relative paths are relative; whether the domain exists or not. */
  domainPath(domid: number, options?: CallOptions): Promise<string> {
    return this.#domains.domainPath(domid, options)
  }

  /** Gives `domid` the permissions of `targetDomid` in addition to its own, as a stubdomain has them. */
  setTarget(domid: number, targetDomid: number, options?: CallOptions): Promise<void> {
    return this.#domains.setTarget(domid, targetDomid, options)
  }

  /**
   * Makes the daemon forget all watches and transactions of this connection; their subscriptions complete.
   * ENOSYS on /dev/xen/xenbus, where the daemon would forget those of the kernel's own drivers as well.
   */
  async resetWatches(options?: CallOptions): Promise<void> {
    await this.#watches.reset(this.#connection.limits(options))
  }

  /**
   * Ends the connection at once; calls that have no reply yet end with XenstoreClosedError. Resolves when it is closed;
   * may be called again.
   */
  close(): Promise<void> {
    return this.#connection.close()
  }
}

async function connectTo(address: string, limits: Limits): Promise<Transport> {
  return isDevice(address) ? openXenbus(address) : connectUnixSocket(address, limits)
}
