import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { encodeMessage, MessageParser, splitNul } from '../../wire/codec.ts'
import { type Message, Op } from '../../wire/messages.ts'

const SOURCE = fileURLToPath(new URL('pty.c', import.meta.url))

/** Builds `pty.c`. Resolves with the program and what removes it. */
export async function buildPty(): Promise<{ program: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'xsb-'))
  const program = join(directory, 'pty')
  await promisify(execFile)('gcc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', program, SOURCE])
  return { program, remove: () => rm(directory, { recursive: true }) }
}

/**
 * A character device that behaves, on its way in, as /dev/xen/xenbus does: for one client of the daemon at a socket. The
 * first event of a watch comes before the reply to its WATCH, and one read gets as many messages as there are.
 */
export class XenbusDevice {
  /** Of the device. */
  readonly path: string
  /** The types of all requests so far. */
  readonly requests: number[] = []
  /** How many requests came before the reply to the one before: the real device may have lost that one. */
  overlapping = 0
  readonly #pty: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #daemon: Socket
  /** The WATCH requests that have no first event yet: their tokens, by request id. */
  readonly #tokens = new Map<number, string>()
  /** The replies to them, by token. */
  readonly #replies = new Map<string, Buffer>()
  #held: Buffer[] | undefined
  #unanswered = 0

  static async start(program: string, daemonSocket: string): Promise<XenbusDevice> {
    const pty = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] })
    const [line] = await once(pty.stderr, 'data')
    const daemon = connect(daemonSocket)
    await once(daemon, 'connect')
    return new XenbusDevice(`${line}`.trim(), pty, daemon)
  }

  private constructor(path: string, pty: ChildProcessByStdio<Writable, Readable, Readable>, daemon: Socket) {
    this.path = path
    this.#pty = pty
    this.#daemon = daemon
    onMessages(pty.stdout, message => this.#request(message))
    onMessages(daemon, message => this.#answer(message))
    pty.stdin.on('error', () => undefined)
    daemon.on('error', () => undefined)
  }

  /** The process that keeps the device. */
  get pid(): number {
    return this.#pty.pid ?? -1
  }

  /** Lets nothing out until `release`: then all of it is there at once. */
  hold(): void {
    this.#held = []
  }

  /** How many messages are held. */
  get held(): number {
    return this.#held?.length ?? 0
  }

  release(): void {
    this.#pty.stdin.write(Buffer.concat(this.#held ?? []))
    this.#held = undefined
  }

  /** The device vanishes. */
  async stop(): Promise<void> {
    const ended = this.#pty.exitCode ?? once(this.#pty, 'close')
    this.#pty.stdin.end()
    this.#daemon.destroy()
    await ended
  }

  #request(message: Message): void {
    this.requests.push(message.type)
    if (this.#unanswered++ > 0) this.overlapping++
    const token = splitNul(message.payload)[1]
    if (message.type === Op.WATCH && token !== undefined) this.#tokens.set(message.requestId, token)
    this.#daemon.write(encodeMessage(message))
  }

  #answer(message: Message): void {
    const frame = encodeMessage(message)
    if (message.type !== Op.WATCH_EVENT) this.#unanswered--
    const token = this.#tokens.get(message.requestId)
    this.#tokens.delete(message.requestId)
    if (message.type === Op.WATCH && token !== undefined) {
      this.#replies.set(token, frame)
      return
    }
    this.#out(frame)
    if (message.type !== Op.WATCH_EVENT) return
    const fired = splitNul(message.payload)[1] ?? ''
    const reply = this.#replies.get(fired)
    this.#replies.delete(fired)
    if (reply) this.#out(reply)
  }

  #out(frame: Buffer): void {
    if (this.#held) this.#held.push(frame)
    else this.#pty.stdin.write(frame)
  }
}

function onMessages(stream: Readable, take: (message: Message) => void): void {
  const parser = new MessageParser()
  stream.on('data', bytes => {
    parser.feed(bytes)
    for (let next = parser.next(); next.kind === 'message'; next = parser.next()) take(next.message)
  })
}
