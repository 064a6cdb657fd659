import {
  Call,
  type CallEffect,
  type CallInput,
  COMMANDS,
  PARTS_MAX,
  VALUE_BYTES_MAX,
  type Verdict,
} from '@stubdom/protocol'
import { checkPrototypes, checkText } from '../checks.ts'
import { publishedSchema } from '../schema.ts'
import { promise, type Target } from '../target.ts'
import { splitLines } from './parts.ts'
import { encoded, responses, SAMPLES } from './samples.ts'

const DIGEST = 'f'.repeat(16)
const ID = '0mhx3ab0-00x7k2q'
/** What a call is told, at most; it is ended by time then. */
const LINES_MAX = 16
/** Characters of a verdict's message: what the agent may say, and what is said around it. */
const VERDICT_TEXT_MAX = 800

const answers = encoded(responses('pci-list').map(answer => ({ ...answer, digest: DIGEST }))).map(bytes => `r ${bytes}`)
const body = JSON.stringify({ v: 1, digest: DIGEST, state: 'done', result: { devices: [] } })
const head = JSON.stringify({
  v: 1,
  digest: DIGEST,
  state: 'done',
  parts: 2,
  bytes: body.length,
  sha256: 'f'.repeat(64),
})
const mine = JSON.stringify({ v: 1, refused: [{ command: 'pci-list', id: ID, code: 'busy' }] })

/**
 * A whole call, as dom0 leads it, with a stubdomain that says anything at any time. Each line is what it is told: its letter says of what, the rest are
 * the bytes that were read.
 */
export const CALL: Target = {
  name: 'call',
  summary: 'a call from its beginning to its end, answered by a liar',
  grammar: 'lines',
  seeds: [
    ...answers.map(answer => `s\nw\nh\n${answer}`),
    ...encoded(SAMPLES.request).map(request => `k\nq ${request}\n${answers[0]}`),
    `s\nw\nh\nr ${head}\np ${body}`,
    `s\nw\nh\nr ${head}\nm\nr ${head}\np ${body}`,
    `s\nw\nh\n${answers[2]}\nt\nt\nc\n${answers[3]}\nf ${mine}`,
    `s\nx\nv ${answers[0]?.slice(2)}`,
    's\nw\nc\nd',
  ].map(text => Buffer.from(text)),
  maxBytes: 4 * VALUE_BYTES_MAX,
  run(input) {
    const play = new Play(splitLines(input))
    play.run()
    checkPrototypes()
    return play.trace
  },
}

const conforms = publishedSchema('response-pci-list')

class Play {
  trace = ''
  readonly #lines: readonly Uint8Array[]
  readonly #call: Call
  #now = 0
  #announced = { parts: 1, bytes: 0 }
  #ended = false

  constructor(lines: readonly Uint8Array[]) {
    this.#lines = lines
    this.#call = new Call({
      id: ID,
      definition: COMMANDS['pci-list'],
      args: {},
      epoch: '682zhjfil8gz',
      deadlineMs: 1_000,
      graceMs: 200,
      // So that digests can be hit.
      sha256: () => 'f'.repeat(64),
      pickUp: lines[0]?.[0] === 0x6b,
    })
  }

  run(): void {
    this.#tell({ on: 'start' })
    for (const line of this.#lines.slice(0, LINES_MAX)) {
      const input = this.#inputOf(String.fromCharCode(line[0] ?? 0), line.subarray(2))
      if (input) this.#tell(input)
      this.#now += 50
    }
    // Whatever was said: time ends it.
    for (let ticks = 0; !this.#call.ended; ticks++) {
      promise(ticks < 200 && Number.isFinite(this.#call.wakeAt), 'the call never ends')
      this.#now = Math.max(this.#now + 1, this.#call.wakeAt)
      this.#tell({ on: 'tick' })
    }
    promise(this.#ended, 'the call has ended without a verdict')
  }

  #inputOf(letter: string, bytes: Uint8Array): CallInput | undefined {
    switch (letter) {
      case 'r':
        this.#announced = announcedIn(bytes) ?? this.#announced
        return { on: 'response-read', bytes }
      case 'p':
        return { on: 'parts-read', parts: cut(bytes, this.#announced) }
      case 'm':
        return { on: 'parts-read', parts: [bytes, undefined] }
      case 'q':
        return { on: 'request-read', bytes }
      case 'f':
        return { on: 'refused-read', bytes }
      case 'v':
        return { on: 'withdrawn', response: bytes.length === 0 ? undefined : bytes }
      case 'h':
        return { on: 'hello-read', epoch: bytes.length === 0 ? '682zhjfil8gz' : `${bytes.length}` }
      case 't':
        this.#now = Math.min(this.#call.wakeAt, this.#now + 10_000)
        return { on: 'tick' }
      default:
        return INPUTS[letter]
    }
  }

  #tell(input: CallInput): void {
    const effects = this.#call.handle(input, this.#now)
    promise(!this.#ended || effects.length === 0, 'the call goes on after its end')
    promise(effects.length <= 5, `${effects.length} effects of one input`)
    for (const effect of effects) this.#check(effect)
  }

  #check(effect: CallEffect): void {
    if (this.trace.length < 200) this.trace += `${effect.do} `
    if (effect.do === 'read-parts')
      promise(effect.count >= 1 && effect.count <= PARTS_MAX, `${effect.count} parts are read`)
    if (effect.do === 'report') {
      const problem = conforms(effect.response)
      promise(problem === undefined, `a report does not fit the schema: ${problem}`)
    }
    if (effect.do !== 'end') return
    promise(!this.#ended, 'the call ends twice')
    this.#ended = true
    this.#checkVerdict(effect.verdict)
  }

  #checkVerdict(verdict: Verdict): void {
    this.trace += verdict.outcome
    if (verdict.outcome === 'done') {
      const problem = conforms({ v: 1, digest: DIGEST, state: 'done', result: verdict.result })
      promise(problem === undefined, `the result does not fit the schema: ${problem}`)
    } else if (verdict.outcome !== 'cancelled') {
      this.trace += ` ${verdict.code}`
      checkText('the verdict', verdict.message, VERDICT_TEXT_MAX)
      if ('stage' in verdict && verdict.stage !== undefined) checkText('the stage', verdict.stage)
    }
  }
}

const INPUTS: Readonly<Record<string, CallInput>> = {
  w: { on: 'request-written' },
  x: { on: 'hello-read', epoch: undefined },
  n: { on: 'response-changed' },
  g: { on: 'response-read', bytes: undefined },
  z: { on: 'request-read', bytes: undefined },
  d: { on: 'domain-gone' },
  c: { on: 'cancel' },
  y: { on: 'request-refused', reason: 'ENOSPC' },
}

function announcedIn(bytes: Uint8Array): { parts: number; bytes: number } | undefined {
  const text = Buffer.from(bytes).toString('latin1')
  const parts = /"parts":(\d{1,3})\b/.exec(text)
  const size = /"bytes":(\d{1,4})\b/.exec(text)
  return parts && size ? { parts: Number(parts[1]), bytes: Number(size[1]) } : undefined
}

/** As many parts and bytes as were announced, so that joining them comes to the digest. */
function cut(bytes: Uint8Array, announced: { parts: number; bytes: number }): Uint8Array[] {
  const whole = Buffer.alloc(announced.bytes, ' ')
  whole.set(bytes.subarray(0, announced.bytes))
  const size = Math.ceil(announced.bytes / Math.max(announced.parts, 1))
  return Array.from({ length: announced.parts }, (_, index) => whole.subarray(index * size, (index + 1) * size))
}
