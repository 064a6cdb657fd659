import { type Observable, Subject } from 'rxjs'
import { Connection } from './connection.ts'
import { limited } from './deadline.ts'
import {
  QmpClosedError,
  type QmpConnectionError,
  QmpProtocolError,
  type QmpStage,
  QmpTimeoutError,
  QmpUnavailableError,
} from './errors.ts'
import { encodeCommand, type QmpEvent, type QmpGreeting, type QmpMessage } from './messages.ts'
import { PendingCommands } from './pending.ts'

export interface QmpConnectOptions {
  /** The unix socket on which QEMU listens (`-qmp unix:<path>,server=on,wait=off`). */
  readonly path: string
  /** For connecting, greeting and negotiation together; 5,000 ms. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** The longest message accepted; 1 MiB. The longest known is the answer to query-qmp-schema: 207 KB in QEMU 7.2. */
  readonly maxMessageBytes?: number | undefined
}

export interface QmpCallOptions {
  readonly signal?: AbortSignal | undefined
  /** In ms. Absent: as long as the connection lasts. */
  readonly timeoutMs?: number | undefined
}

/** One connection to one QMP monitor, which serves one client at a time. It never reconnects: its owner knows whether that makes sense. */
export class QmpClient {
  readonly greeting: QmpGreeting
  /**
   * What happens in QEMU, while it happens: nothing is kept for those who subscribe later. Completes when the connection ends.
   * An error thrown by a subscriber goes where rxjs sends it (`config.onUnhandledError`, else uncaughtException), not into the client.
   */
  readonly events: Observable<QmpEvent>
  /** Resolves when the connection has ended: with undefined after close(), else with the reason. Never rejects. */
  readonly closed: Promise<QmpConnectionError | undefined>

  readonly #connection: Connection
  readonly #pending = new PendingCommands()
  #lastId = 0

  private constructor(connection: Connection, greeting: QmpGreeting) {
    this.#connection = connection
    this.greeting = greeting
    const events = new Subject<QmpEvent>()
    this.events = events.asObservable()
    this.closed = new Promise(resolve => {
      connection.handTo({
        message: message => this.#receive(message, events),
        end: reason => {
          this.#pending.failAll(reason)
          events.complete()
          resolve(reason instanceof QmpClosedError ? undefined : reason)
        },
      })
    })
  }

  /**
   * Connects, waits for the greeting and leaves negotiation mode, without enabling any capability.
   * Rejects with QmpUnavailableError, QmpTimeoutError (which has the stage), QmpAbortedError, QmpLostError, QmpProtocolError, or
   * QmpCommandError when qmp_capabilities is refused.
   */
  static async connect(options: QmpConnectOptions): Promise<QmpClient> {
    const { path, timeoutMs = 5_000, signal, maxMessageBytes = 1024 * 1024 } = options
    let connection: Connection | undefined
    let client: QmpClient | undefined

    const handshake = async () => {
      // libuv cuts a longer path off, and would connect to another socket.
      if (Buffer.byteLength(path) > MAX_SOCKET_PATH) throw new QmpUnavailableError('ENAMETOOLONG', path)
      client = await new Promise<QmpClient>((resolve, reject) => {
        const opening = new Connection(path, maxMessageBytes, {
          message: message => resolve(new QmpClient(opening, greetingIn(message))),
          end: reject,
        })
        connection = opening
      })
      await client.execute('qmp_capabilities')
      return client
    }
    const onTimeout = (ms: number) => {
      const stage = client ? 'capabilities' : connection?.connecting ? 'connect' : 'greeting'
      return new QmpTimeoutError(stage, ms, `No QMP at ${path} within ${ms} ms: ${STAGE_TEXT[stage]}`)
    }

    try {
      return await limited(handshake, { timeoutMs, signal, what: `connecting to QMP at ${path}`, onTimeout })
    } catch (error) {
      connection?.end(closedByUs(path))
      throw error
    }
  }

  /**
   * Sends one command; resolves with what QEMU returns, `{}` for most. Commands may overlap. A caller that gives up (by timeout or signal)
   * does not stop QEMU: the command may still be carried out, and its answer is dropped when it comes.
   * Rejects with QmpCommandError, QmpTimeoutError, QmpAbortedError, QmpBusyError, or the QmpConnectionError that ended the connection.
   */
  async execute(command: string, args?: Record<string, unknown>, options: QmpCallOptions = {}): Promise<unknown> {
    const { timeoutMs, signal } = options
    return await limited(() => this.#send(command, args), {
      timeoutMs,
      signal,
      what: command,
      onTimeout: ms => new QmpTimeoutError('command', ms, `QEMU did not answer ${command} within ${ms} ms`),
    })
  }

  /** Ends the connection at once; what is unanswered rejects with QmpClosedError. Resolves when the socket is closed. */
  async close(): Promise<void> {
    this.#connection.end(closedByUs(this.#connection.path))
    await this.#connection.closed
  }

  async #send(command: string, args: Record<string, unknown> | undefined): Promise<unknown> {
    if (this.#connection.ended) throw this.#connection.ended
    this.#pending.checkRoom(command)
    const id = ++this.#lastId
    this.#connection.send(encodeCommand(id, command, args))
    return await this.#pending.add(id, command)
  }

  #receive(message: QmpMessage, events: Subject<QmpEvent>): void {
    if (message.kind === 'greeting') throw new QmpProtocolError('QEMU greeted twice')
    if (message.kind === 'event') events.next(message.event)
    else this.#pending.settle(message)
  }
}

/** sun_path in sockaddr_un has 108 bytes, one of them for the NUL. */
const MAX_SOCKET_PATH = 107

const STAGE_TEXT: Record<Exclude<QmpStage, 'command'>, string> = {
  connect: 'the socket did not accept',
  greeting: 'connected, but no greeting came; QEMU hangs, or another client holds this monitor',
  capabilities: 'it greeted, but did not answer qmp_capabilities',
}

function greetingIn(message: QmpMessage): QmpGreeting {
  if (message.kind === 'greeting') return message.greeting
  throw new QmpProtocolError(`QEMU began with a message of kind '${message.kind}' in place of the greeting`)
}

function closedByUs(path: string): QmpClosedError {
  return new QmpClosedError(`The connection to QMP at ${path} was closed by this side`)
}
