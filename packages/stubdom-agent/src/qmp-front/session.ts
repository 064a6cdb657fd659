import type { Socket } from 'node:net'
import { QmpCommandError } from '@stubdom/qmp'
import { CommandFailure } from '../commands/failure.ts'
import type { Logger } from '../logger.ts'
import { commandIn, type FrontCommand, type Intercept, saidIn } from './command.ts'
import { JsonSplitter, OverlongError, type Piece } from './json-splitter.ts'

/** Of one message, either direction; QEMU's longest known answer has 207 KB (query-qmp-schema). */
const MESSAGE_BYTES_MAX = 1024 * 1024

/**
 * Milliseconds. QEMU sends what it still owes to the next connection: until then, and not longer, one is kept whose client has left. Seen with QEMU 7.2, which
 * dispatches a request after the connection is gone: monitor/qmp.c (monitor_qmp_dispatcher_co).
 */
const FAREWELL_MS = 10_000

/** Of what a client sent and QEMU has not taken: then it is not read any more. */
const BACKLOG_BYTES_MAX = 256 * 1024

const LF = 0x0a

/**
 * One client and the connection to QEMU that it has for itself: greeting, negotiation, ids, events and errors are QEMU's own, byte by byte. A command that an
 * intercept takes never gets there; it is carried out when QEMU has answered all that came before, and what comes after waits for it.
 */
export class FrontSession {
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #intercepts: readonly Intercept[]
  readonly #log: Logger
  readonly #over = new AbortController()
  readonly #backlog: Buffer[] = []
  #backlogBytes = 0
  #ended = false
  #farewell: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined
  /** Commands that QEMU owes an answer to. */
  #owed = 0
  #negotiated = false
  #asked = false
  #line: Buffer[] = []
  #lineBytes = 0

  constructor(client: Socket, upstream: Socket, intercepts: readonly Intercept[], log: Logger) {
    this.#client = client
    this.#upstream = upstream
    this.#intercepts = intercepts
    this.#log = log
  }

  /** Resolves when both connections are closed; never rejects. */
  async run(): Promise<void> {
    const closed = [this.#client, this.#upstream].map(socket => new Promise(resolve => socket.once('close', resolve)))
    this.#client.on('data', chunk => this.#clientSent(chunk)).once('end', () => this.#clientEnded())
    this.#client.once('close', () => this.#clientEnded()).on('error', () => {})
    this.#upstream.on('data', chunk => this.#qemuSent(chunk))
    this.#upstream.once('close', () => this.#qemuGone()).on('error', () => {})
    await this.#forward()
    await Promise.all(closed)
    clearTimeout(this.#farewell)
  }

  /** Ends both connections at once. */
  destroy(): void {
    this.#client.destroy()
    this.#upstream.destroy()
  }

  #qemuGone(): void {
    this.#clientEnded()
    this.#client.destroySoon()
    this.#wake?.()
  }

  #clientSent(chunk: Buffer): void {
    this.#backlog.push(chunk)
    this.#backlogBytes += chunk.length
    if (this.#backlogBytes > BACKLOG_BYTES_MAX) this.#client.pause()
    this.#wake?.()
  }

  /** It says no more and, like QEMU, we take that for its end; what it said already is still passed on. */
  #clientEnded(): void {
    if (this.#ended) return
    this.#ended = true
    this.#farewell = setTimeout(() => this.#upstream.destroy(), FAREWELL_MS)
    this.#over.abort(new Error('the client is gone'))
    this.#upstream.resume()
    this.#wake?.()
  }

  /** Passes on what the client sends, in order, until it has said all. */
  async #forward(): Promise<void> {
    const splitter = new JsonSplitter(MESSAGE_BYTES_MAX)
    try {
      for (let chunk = await this.#next(); chunk; chunk = await this.#next()) {
        for (const piece of splitter.push(chunk)) await this.#passOn(piece)
      }
    } catch (error) {
      this.#log[error instanceof OverlongError ? 'warn' : 'debug'](
        { error: (error as Error).message },
        'a client of the QMP front is dropped',
      )
      this.#client.destroy()
    }
    await this.#answered()
    this.#upstream.destroySoon()
  }

  async #next(): Promise<Buffer | undefined> {
    while (this.#backlog.length === 0) {
      if (this.#ended) return undefined
      await this.#event()
    }
    const chunk = this.#backlog.shift() as Buffer
    this.#backlogBytes -= chunk.length
    if (this.#client.isPaused() && this.#backlogBytes <= BACKLOG_BYTES_MAX) this.#client.resume()
    return chunk
  }

  /** Resolves when QEMU owes nothing, or is gone. */
  async #answered(): Promise<void> {
    while (this.#owed > 0 && !this.#upstream.destroyed) await this.#event()
  }

  /** Resolves when anything has happened. */
  #event(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }

  async #passOn({ bytes, whole }: Piece): Promise<void> {
    const command = whole && this.#negotiated ? commandIn(bytes) : undefined
    const work = command && this.#intercept(command)
    if (command && work) return this.#carryOut(command, work)
    if (whole) this.#owed++
    this.#asked = true
    await written(this.#upstream, bytes)
  }

  #intercept(command: FrontCommand): (() => Promise<unknown>) | undefined {
    for (const intercept of this.#intercepts) {
      const work = intercept(command)
      if (work) return () => work(this.#over.signal)
    }
    return undefined
  }

  async #carryOut(command: FrontCommand, work: () => Promise<unknown>): Promise<void> {
    await this.#answered()
    this.#over.signal.throwIfAborted()
    this.#log.info({ command: command.name }, 'taken over from xl')
    try {
      this.#reply(command.id, { return: (await work()) ?? {} })
    } catch (error) {
      this.#log.warn({ command: command.name, error: (error as Error).message }, 'xl’s command failed')
      this.#reply(command.id, errorOf(error))
    }
  }

  /** Between two lines of QEMU's: those are written whole. */
  #reply(id: unknown, body: Record<string, unknown>): void {
    this.#client.write(`${JSON.stringify(id === undefined ? body : { ...body, id })}\r\n`)
  }

  #qemuSent(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#lineEnded(chunk.subarray(start, end + 1))
      start = end + 1
    }
    const rest = chunk.subarray(start)
    this.#lineBytes += rest.length
    if (rest.length > 0) this.#line.push(rest)
    if (this.#lineBytes > MESSAGE_BYTES_MAX) {
      this.#log.warn({ bytes: this.#lineBytes }, 'QEMU’s answer is too long for the QMP front')
      this.#upstream.destroy()
    }
  }

  #lineEnded(last: Buffer): void {
    const line = this.#line.length === 0 ? last : Buffer.concat([...this.#line, last])
    this.#line = []
    this.#lineBytes = 0
    const kind = saidIn(line)
    if (kind === 'return' || kind === 'error') {
      // Nothing was asked yet: it was meant for an earlier client.
      if (!this.#asked) return
      this.#owed = Math.max(0, this.#owed - 1)
    }
    // Before the negotiation nothing but the negotiation succeeds.
    if (kind === 'return') this.#negotiated = true
    this.#wake?.()
    if (!this.#client.writable || this.#client.write(line)) return
    this.#upstream.pause()
    this.#client.once('drain', () => this.#upstream.resume())
  }
}

/** Resolves when the kernel has taken it; rejects when the connection is gone. */
function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, error => (error ? reject(error) : resolve()))
  })
}

function errorOf(error: unknown): { error: { class: string; desc: string } } {
  if (error instanceof QmpCommandError) return { error: { class: error.class, desc: error.desc } }
  const code = error instanceof CommandFailure ? `${error.code}: ` : ''
  return { error: { class: 'GenericError', desc: `${code}${(error as Error).message}` } }
}
