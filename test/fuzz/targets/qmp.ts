import { LineSplitter, parseMessage, QmpProtocolError } from '@stubdom/qmp'
import { checkPrototypes, checkText, gist, shapeOf } from '../checks.ts'
import { pieces } from '../splits.ts'
import { promise, type Target } from '../target.ts'

/** Bytes of one message; small, so that the bound is met. */
const MESSAGE_MAX = 2_000
const ERROR_TEXT_MAX = 800

const version = { qemu: { micro: 22, minor: 2, major: 7 }, package: 'Debian' }
const timestamp = { seconds: 1, microseconds: 2 }
const MESSAGES = [
  { QMP: { version, capabilities: ['oob'] } },
  { return: {}, id: 1 },
  { return: [{ name: 'a', type: 'child<edu>' }], id: 2 },
  { error: { class: 'GenericError', desc: 'no é' }, id: 3 },
  { timestamp, event: 'DEVICE_DELETED', data: { device: 'd', path: '/machine/peripheral/d' } },
].map(message => JSON.stringify(message))

/** What QEMU says, as a connection reads it: lines cut out of a stream in pieces, and a message in each. */
export const QMP: Target = {
  name: 'qmp',
  summary: 'QMP’s messages out of a stream in pieces',
  grammar: 'lines',
  seeds: [`${MESSAGES.join('\r\n')}\r\n`, `${MESSAGES.toReversed().join('\n')}\n`, '\r\n', 'é\n'].map(text =>
    Buffer.from(text),
  ),
  maxBytes: 3 * MESSAGE_MAX,
  run(input) {
    // A socket's chunks are new ones each time.
    const inPieces = read(Array.from(pieces(input), piece => piece.slice()))
    const whole = read([input])
    promise(JSON.stringify(inPieces) === JSON.stringify(whole), 'what is read depends on the pieces')
    checkPrototypes()
    return inPieces.slice(0, 5).join(' ')
  },
}

/** The messages' kinds and forms, and the error that ended it. */
function read(stream: Iterable<Uint8Array>): string[] {
  const splitter = new LineSplitter(MESSAGE_MAX)
  const found: string[] = []
  try {
    for (const piece of stream) {
      for (const line of splitter.push(piece)) {
        promise(Buffer.byteLength(line) <= MESSAGE_MAX, 'a line is longer than allowed')
        found.push(checkMessage(line))
      }
    }
  } catch (error) {
    if (!(error instanceof QmpProtocolError)) throw error
    checkText('the error', error.message, ERROR_TEXT_MAX)
    found.push(gist(error.message))
  }
  return found
}

function checkMessage(line: string): string {
  const message = parseMessage(line)
  switch (message.kind) {
    case 'greeting': {
      const { qemu, package: text, capabilities } = message.greeting
      promise(
        [qemu.major, qemu.minor, qemu.micro].every(part => typeof part === 'number'),
        'a version without numbers',
      )
      promise(
        typeof text === 'string' && capabilities.every(name => typeof name === 'string'),
        'a greeting of other types',
      )
      return `greeting ${Math.min(capabilities.length, 2)}`
    }
    case 'event': {
      const { event, data, timestamp: time } = message.event
      promise(typeof event === 'string' && typeof data === 'object' && data !== null, 'an event of other types')
      promise(typeof time.seconds === 'number' && typeof time.microseconds === 'number', 'an event without its time')
      return `event ${shapeOf(data, 2)}`
    }
    case 'return':
      return `return ${typeof message.id} ${shapeOf(message.value, 1)}`
    case 'error':
      promise(typeof message.class === 'string' && typeof message.desc === 'string', 'an error of other types')
      return `error ${typeof message.id}`
  }
}
