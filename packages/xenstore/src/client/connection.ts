import type { ErrnoName } from '../errno.ts'
import { encodeMessage, MessageParser, nulTerminated, splitNul } from '../wire/codec.ts'
import { type Message, Op, opName, PAYLOAD_MAX } from '../wire/messages.ts'
import { XenstoreClosedError, type XenstoreError, XenstoreLostError, XenstoreProtocolError } from './errors.ts'
import { type CallOptions, type Limits, limitsOf } from './limits.ts'
import { describe, PendingRequests, type Request } from './requests.ts'
import { Silence } from './silence.ts'
import type { Transport } from './transport.ts'
import { Waits } from './waits.ts'

/** What operations need of a connection, or of a transaction on it. */
export interface Requester {
  /** The largest payload of one request, in bytes. */
  readonly maxPayload: number
  /** Begins the clock of a call. */
  limits(options: CallOptions | undefined): Limits
  /** Resolves with the reply's payload. */
  request(request: Request, limits: Limits): Promise<Buffer>
  /** Ends the connection, since the daemon sent what cannot be; returns the error to throw. */
  violation(detail: string): XenstoreError
}

/**
 * oxenstored answers dom0's DIRECTORY with one oversized message where C xenstored says E2BIG, so a listing may be
 * larger than the protocol allows; a domain at its node quota, with the longest of names, stays below this.
 */
const LISTING_MAX = 1024 * 1024

export interface ConnectionSettings {
  /** For calls that do not say; milliseconds. */
  readonly timeoutMs: number
  /** How long the daemon may be silent while it owes replies; milliseconds. */
  readonly silenceMs: number
}

/**
 * A connection to a daemon: pipelines requests as far as the transport does, matches replies by id, passes watch events on, and ends once. After its
 * end every wait has failed with the same error, and every new request fails with it at once.
 */
export class Connection implements Requester {
  readonly maxPayload: number
  /** Resolves when the connection has ended, with why; undefined after close(). */
  readonly closed: Promise<XenstoreError | undefined>
  readonly waits = new Waits()
  /** Gets each watch event. */
  onWatchEvent: (path: string, token: string) => void = () => {}

  readonly #transport: Transport
  readonly #timeoutMs: number
  readonly #parser = new MessageParser(type => (type === Op.DIRECTORY ? LISTING_MAX : PAYLOAD_MAX))
  readonly #pending = new PendingRequests()
  readonly #silence: Silence
  readonly #transportClosed: Promise<void>
  #resolveClosed!: (error: XenstoreError | undefined) => void
  #ended: XenstoreError | undefined

  constructor(transport: Transport, { timeoutMs, silenceMs }: ConnectionSettings) {
    this.#transport = transport
    this.#timeoutMs = timeoutMs
    this.maxPayload = Math.min(transport.maxPayload, PAYLOAD_MAX)
    this.#silence = new Silence(
      silenceMs,
      () => this.#pending.size > 0,
      () => this.#unresponsive(`nothing came for ${silenceMs} ms, and `),
    )
    this.closed = new Promise(resolve => {
      this.#resolveClosed = resolve
    })
    this.#transportClosed = new Promise(resolve => {
      transport.onClose(cause => {
        resolve()
        this.#end(new XenstoreLostError('the connection to the Xenstore daemon was lost; connect anew', { cause }))
      })
    })
    transport.onData(bytes => this.#receive(bytes))
    transport.onRefusal?.((frame, errno) => this.#refused(frame, errno))
  }

  limits(options: CallOptions | undefined): Limits {
    return limitsOf(options, this.#timeoutMs)
  }

  /** `late` gets the payload of a reply that comes after the wait for it ended. */
  request(request: Request, limits: Limits, late?: (payload: Buffer) => void): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const release = this.waits.guard(
        limits,
        () => describe(request),
        error => {
          reject(error)
          this.#abandon(id)
        },
      )
      this.#silence.asking()
      const id = this.#pending.add(request, limits.deadline, {
        resolve: payload => {
          release()
          resolve(payload)
        },
        reject: error => {
          release()
          reject(error)
        },
        late,
      })
      const { op, payload, transactionId = 0 } = request
      this.#transport.write(encodeMessage({ type: op, requestId: id, transactionId, payload }))
    })
  }

  violation(detail: string): XenstoreError {
    const error = new XenstoreProtocolError(`the Xenstore daemon broke the protocol: ${detail}`)
    this.#end(error)
    return this.#ended ?? error
  }

  /** Resolves when the transport is closed. */
  close(): Promise<void> {
    this.#end(new XenstoreClosedError('the Xenstore client was closed'))
    return this.#transportClosed
  }

  #receive(bytes: Uint8Array): void {
    this.#silence.heard()
    this.#parser.feed(bytes)
    while (!this.#ended) {
      const parsed = this.#parser.next()
      if (parsed.kind === 'need-more') return
      if (parsed.kind === 'message') {
        if (parsed.message.type !== Op.WATCH_EVENT) this.#transport.replied?.()
        this.#dispatch(parsed.message)
      } else this.violation(`it announced a payload of ${parsed.announced} bytes`)
    }
  }

  #dispatch(message: Message): void {
    if (message.type !== Op.WATCH_EVENT) {
      const problem = this.#pending.settle(message)
      if (problem !== undefined) this.violation(problem)
      return
    }
    const [path, token, ...rest] = splitNul(message.payload)
    if (path === undefined || token === undefined || rest.length > 0) {
      this.violation(`${opName(message.type)} without exactly a path and a token`)
    } else this.onWatchEvent(path, token)
  }

  /** The same as an ERROR from the daemon, which it often is: the device passes some of them on as errnos. */
  #refused(frame: Buffer, errno: ErrnoName): void {
    const requestId = frame.readUInt32LE(4) // Source: xs_wire.h (struct xsd_sockmsg).
    if (!this.#ended) this.#dispatch({ type: Op.ERROR, requestId, transactionId: 0, payload: nulTerminated(errno) })
  }

  #abandon(id: number): void {
    if (this.#ended || !this.#pending.abandon(id)) return
    this.#unresponsive()
  }

  #unresponsive(detail = ''): void {
    const text = `the Xenstore daemon does not answer: ${detail}${this.#pending.size} requests have no reply; connect anew`
    this.#end(new XenstoreLostError(text))
  }

  #end(error: XenstoreError): void {
    if (this.#ended) return
    this.#ended = error
    this.#silence.stop()
    this.#transport.close()
    this.waits.endAll(error)
    this.#resolveClosed(error instanceof XenstoreClosedError ? undefined : error)
  }
}
