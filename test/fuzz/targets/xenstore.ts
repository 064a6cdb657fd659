import {
  encodeMessage,
  type Message,
  MessageParser,
  Op,
  PAYLOAD_MAX,
  type Transport,
  XenstoreClient,
  XenstoreError,
} from '@stubdom/xenstore'
import { checkPrototypes, checkText, gist } from '../checks.ts'
import { pieces } from '../splits.ts'
import { promise, type Target } from '../target.ts'

const HEADER_BYTES = 16

function message(type: number, requestId: number, text: string, transactionId = 0): Buffer {
  return encodeMessage({ type, requestId, transactionId, payload: Buffer.from(text) })
}

const stream = Buffer.concat([
  message(Op.READ, 1, 'value'),
  message(Op.WATCH_EVENT, 0, '/a\0w1\0'),
  message(Op.ERROR, 2, 'ENOENT\0'),
  message(Op.DIRECTORY, 3, 'a\0b\0'),
])

/** What a parser makes of a stream. */
interface Parsed {
  readonly messages: readonly Message[]
  readonly end: string
}

/** The wire parser alone, fed in pieces, held against a reading of the whole. */
const WIRE: Target = {
  name: 'xenstore-wire',
  summary: 'the parser of Xenstore’s wire protocol, fed in pieces',
  grammar: 'bytes',
  seeds: [
    stream,
    message(Op.READ, 1, 'x'.repeat(PAYLOAD_MAX)),
    message(99, 0xffff_ffff, '', 0xffff_ffff),
    Buffer.alloc(0),
  ],
  maxBytes: 3 * (HEADER_BYTES + PAYLOAD_MAX),
  run(input) {
    const inPieces = parseInPieces(input)
    const whole = readWhole(input)
    promise(inPieces.end === whole.end, `fed in pieces it ends with ${inPieces.end}, as a whole with ${whole.end}`)
    promise(inPieces.messages.length === whole.messages.length, 'the number of messages depends on the pieces')
    const encoded = Buffer.concat(inPieces.messages.map(encodeMessage))
    promise(encoded.equals(input.subarray(0, encoded.length)), 'encoding the messages does not give the stream')
    const types = inPieces.messages
      .slice(0, 6)
      .map(({ type, payload }) => `${type > 25 ? 'other' : type}:${Math.min(payload.length, 3)}`)
    return `${types.join()} ${gist(inPieces.end)}`
  },
}

function parseInPieces(input: Uint8Array): Parsed {
  const parser = new MessageParser()
  const messages: Message[] = []
  for (const piece of pieces(input)) {
    parser.feed(piece)
    for (;;) {
      const parsed = parser.next()
      if (parsed.kind === 'need-more') break
      if (parsed.kind === 'too-large') return { messages, end: `too large ${parsed.announced}` }
      messages.push(parsed.message)
      promise(messages.length * HEADER_BYTES <= input.length, 'more messages than there are headers')
    }
  }
  return { messages, end: 'need more' }
}

/** The same without any state between pieces. Source: xs_wire.h (struct xsd_sockmsg). */
function readWhole(input: Uint8Array): Parsed {
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  const messages: Message[] = []
  for (let at = 0; at + HEADER_BYTES <= input.length; ) {
    const [type = 0, requestId = 0, transactionId = 0, length = 0] = [0, 4, 8, 12].map(offset =>
      view.getUint32(at + offset, true),
    )
    if (length > PAYLOAD_MAX) return { messages, end: `too large ${length}` }
    const start = at + HEADER_BYTES
    if (start + length > input.length) break
    messages.push({ type, requestId, transactionId, payload: Buffer.from(input.subarray(start, start + length)) })
    at = start + length
  }
  return { messages, end: 'need more' }
}

/** Replies to what {@link ask} asks, in its order; the ids count from 1. */
const REPLIES = [
  message(Op.WATCH, 1, 'OK\0'),
  message(Op.READ, 2, 'value'),
  message(Op.DIRECTORY, 3, 'a\0b\0'),
  message(Op.GET_PERMS, 4, 'n0\0r7\0'),
  message(Op.IS_DOMAIN_INTRODUCED, 5, 'T\0'),
  message(Op.GET_DOMAIN_PATH, 6, '/local/domain/7\0'),
  message(Op.TRANSACTION_START, 7, '5\0'),
]

/** The first part of a directory that is too large for one message. */
const PART = message(Op.DIRECTORY_PART, 8, '1\0a\0')

/** A client with requests under way and a daemon that is out of its mind. */
const CLIENT: Target = {
  name: 'xenstore-client',
  summary: 'a Xenstore client with requests under way, fed in pieces',
  grammar: 'bytes',
  seeds: [
    Buffer.concat([...REPLIES, message(Op.READ, 8, 'x', 5), message(Op.TRANSACTION_END, 9, 'OK\0', 5)]),
    Buffer.concat([...REPLIES, message(Op.READ, 8, 'x', 5), message(Op.ERROR, 9, 'EAGAIN\0', 5)]),
    Buffer.concat([...REPLIES, message(Op.WATCH_EVENT, 0, '/a\0w1\0'), message(Op.WATCH_EVENT, 0, '/a/b\0w1\0')]),
    Buffer.concat(REPLIES.map((_, index) => message(Op.ERROR, index + 1, 'EACCES\0'))),
    Buffer.concat([message(Op.ERROR, 3, 'E2BIG\0'), PART, message(Op.DIRECTORY_PART, 9, '1\0b\0\0')]),
    Buffer.concat([message(Op.ERROR, 3, 'E2BIG\0'), PART, message(Op.DIRECTORY_PART, 9, '2\0b\0\0')]),
  ],
  maxBytes: 2 * (HEADER_BYTES + PAYLOAD_MAX),
  async run(input) {
    const daemon = new Daemon()
    const client = await XenstoreClient.connect({ transport: daemon })
    const asked = ask(client)
    for (const piece of pieces(input)) {
      daemon.say(piece)
      // Replies may let somebody ask more.
      await Promise.resolve()
    }
    await client.close()
    const ends = await Promise.all(asked)
    checkPrototypes()
    return ends.join(' ')
  },
}

/** Each resolves with how it ended, in a word. */
function ask(client: XenstoreClient): Promise<string>[] {
  const watched = new Promise<string>(resolve => {
    let events = 0
    client.watch('/a').subscribe({
      next: path => {
        promise(typeof path === 'string', 'an event without a path')
        events = Math.min(events + 1, 3)
      },
      error: error => resolve(`${events} ${errorWord(error)}`),
      complete: () => resolve(`${events} completed`),
    })
  })
  const calls = [
    client.read('/a'),
    client.list('/a'),
    client.getPermissions('/a'),
    client.isIntroduced(7),
    client.domainPath(7),
    client.transaction(transaction => transaction.read('/a')),
  ]
  return [watched, ...calls.map(call => call.then(value => `${typeof value}`, errorWord))]
}

const CODES = new Set(['reply', 'timeout', 'aborted', 'lost', 'closed', 'protocol'])
/** Characters of an error's message. */
const TEXT_MAX = 600

function errorWord(error: unknown): string {
  promise(error instanceof XenstoreError, `no error of the client's: ${error}`)
  const { code, message: text } = error as XenstoreError
  promise(CODES.has(code), `an error that is not documented here: ${code}`)
  checkText('the error', text, TEXT_MAX)
  return code === 'closed' ? code : gist(text)
}

/** A daemon that says what it is given to say, and hears nothing. */
class Daemon implements Transport {
  readonly maxPayload = PAYLOAD_MAX
  #onData: (bytes: Uint8Array) => void = () => {}
  #onClose: (error?: Error) => void = () => {}
  #closed = false

  write(): void {}

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#onData = listener
  }

  onClose(listener: (error?: Error) => void): void {
    this.#onClose = listener
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    queueMicrotask(() => this.#onClose())
  }

  say(bytes: Uint8Array): void {
    if (!this.#closed) this.#onData(bytes)
  }
}

export const XENSTORE: readonly Target[] = [WIRE, CLIENT]
