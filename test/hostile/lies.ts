import { encodeJson, Layout, VALUE_BYTES_MAX } from '@stubdom/protocol'
import { type Asked, type Liar, sha256 } from './liar.ts'

/** What a liar puts in an answer's place. */
export interface Claim {
  readonly name: string
  readonly tell: (liar: Liar, asked: Asked) => Promise<unknown>
}

/** What no agent would put there, and what it is called. */
interface Lie extends Claim {
  readonly why: RegExp
}

/** A whole answer with another field than the honest one, or more. */
const answer =
  (fields: object) =>
  (liar: Liar, asked: Asked): Promise<unknown> =>
    liar.answer(asked, encodeJson({ v: 1, state: 'done', digest: asked.digest, result: {}, ...fields }))

/** The very bytes; `$d` stands for the digest. */
const raw =
  (text: string) =>
  (liar: Liar, asked: Asked): Promise<unknown> =>
    liar.answer(asked, Buffer.from(text.replace('$d', asked.digest), 'utf8'))

interface Parts {
  readonly parts?: number
  readonly bytes?: number
  readonly sha256?: string
  readonly texts: readonly string[]
}

/** An answer in parts. What a head has to say is true where nothing else is given. */
const inParts =
  ({ texts, ...head }: Parts) =>
  async (liar: Liar, asked: Asked): Promise<unknown> => {
    for (const [index, text] of texts.entries()) await liar.try(Layout.responsePart(asked.id, index), text)
    const whole = texts.join('')
    const truth = { parts: texts.length, bytes: whole.length, sha256: sha256(whole) }
    return liar.answer(asked, encodeJson({ v: 1, state: 'done', digest: asked.digest, ...truth, ...head }))
  }

const failure = (message: string) => ({
  state: 'failed',
  result: undefined,
  error: { code: 'qemu-error', message, outcome: 'not-done' },
})

/** What clears a terminal, sets its title, hides text and turns it around: as JSON's escapes it is ASCII. */
const ESCAPES = '\u001b[2J\u001b]0;pwned\u0007\u009b31m\u202e\u2066\u200b\u0000\r\n\u007f\ud800'

const MB_10 = 10 * 1024 * 1024

/** Told to `ping`. */
export const LIES: readonly Lie[] = [
  { name: 'no JSON', tell: raw('I am fine, thank you'), why: /it is not JSON/ },
  { name: 'nothing', tell: raw(''), why: /it is not JSON/ },
  { name: 'a list', tell: raw('[]'), why: /it is not an object/ },
  { name: 'a number', tell: raw('1e999'), why: /it is not an object/ },
  { name: 'wrong types', tell: answer({ v: '1' }), why: /v: it must be 1/ },
  { name: 'a state of its own', tell: answer({ state: 'excellent' }), why: /its state is none of the protocol/ },
  { name: 'a state that every object has', tell: answer({ state: 'constructor' }), why: /its state is none/ },
  { name: 'more than is asked for', tell: answer({ exec: 'reboot' }), why: /there is no "exec"/ },
  {
    name: 'a result of another command',
    tell: answer({ result: { devices: [] } }),
    why: /result: there is no "devices"/,
  },
  {
    name: 'a code that only dom0 may give',
    tell: answer({ ...failure(''), error: { code: 'domain-gone', message: '', outcome: 'not-done' } }),
    why: /error\.code: it must be/,
  },
  {
    name: 'outcome unknown',
    tell: answer({ ...failure(''), error: { code: 'internal', message: '', outcome: 'unknown' } }),
    why: /error\.outcome: it must be/,
  },
  {
    name: 'a number without end',
    tell: raw('{"v":1,"state":"running","digest":"$d","progress":{"done":1e999}}'),
    why: /progress\.done/,
  },
  {
    name: 'a number beyond what is exact',
    tell: raw('{"v":1,"state":"running","digest":"$d","progress":{"done":9007199254740993}}'),
    why: /progress\.done/,
  },
  {
    name: 'depth',
    tell: raw(`{"v":1,"state":"done","digest":"$d","result":${'['.repeat(900)}${']'.repeat(900)}}`),
    why: /it is nested deeper than 16/,
  },
  { name: 'brackets that never close', tell: raw('['.repeat(1_900)), why: /it is nested deeper than 16/ },
  {
    name: '__proto__',
    tell: raw('{"v":1,"state":"done","digest":"$d","result":{},"__proto__":{"ok":true}}'),
    why: /__proto__/,
  },
  {
    name: '__proto__ in the result',
    tell: raw('{"v":1,"state":"done","digest":"$d","result":{"__proto__":{"admin":1}}}'),
    why: /__proto__/,
  },
  {
    name: 'raw control characters',
    tell: raw(`{"v":1,"state":"done","digest":"$d","result":{"x":"\u001b[2J"}}`),
    why: /is 0x1b, not printable ASCII/,
  },
  {
    name: 'non-ASCII',
    tell: raw('{"v":1,"state":"done","digest":"$d","result":{"x":"é"}}'),
    why: /is 0xc3, not printable ASCII/,
  },
  { name: 'NUL', tell: raw('{"v":1}\0{"v":1}'), why: /is 0x0, not printable ASCII/ },
  { name: 'a value too long', tell: answer({ result: { x: 'x'.repeat(VALUE_BYTES_MAX) } }), why: /the limit is 1900/ },
  {
    name: 'a message too long',
    tell: answer(failure('x'.repeat(600))),
    why: /error\.message: it must have a length of at most 512/,
  },
  {
    name: 'the digest of another command',
    tell: answer({ digest: '0123456789abcdef' }),
    why: /it answered a command that was not asked for/,
  },
  {
    name: '10 MB of parts announced',
    tell: inParts({ texts: ['x'], parts: Math.ceil(MB_10 / 1_900), bytes: MB_10 }),
    why: /parts: it must be at most 138/,
  },
  {
    name: '10 MB in few parts',
    tell: inParts({ texts: ['x'], bytes: MB_10 }),
    why: /bytes: it must be at most 262144/,
  },
  { name: 'no parts', tell: inParts({ texts: [], parts: 0, bytes: 0 }), why: /parts: it must be at least 1/ },
  {
    name: 'parts missing',
    tell: inParts({ texts: ['{', '}'], parts: 138, bytes: 262_000 }),
    why: /part 2 of 138 is missing/,
  },
  {
    name: 'parts that hold more',
    tell: inParts({ texts: ['x'.repeat(1_900), 'x'.repeat(1_900)], bytes: 100 }),
    why: /its parts hold 3800 bytes, its head announced 100/,
  },
  {
    name: 'parts of a wrong digest',
    tell: inParts({ texts: ['{"v":1', '}'], sha256: '0'.repeat(64) }),
    why: /another SHA-256/,
  },
  { name: 'parts that are no answer', tell: inParts({ texts: ['{"v":1', '}'] }), why: /response ping/ },
  {
    name: 'parts that are parts again',
    tell: inParts({ texts: ['{"v":1,"state":"done","digest":"0123456789abcdef","parts":1,"bytes":1}'] }),
    why: /response ping/,
  },
  {
    name: 'depth in parts',
    tell: inParts({ texts: ['['.repeat(1_900), '['.repeat(1_900)] }),
    why: /nested deeper than 16/,
  },
]

/** The same, within the protocol: nobody can tell, and the command ends by it. */
export const CLAIMS: readonly Claim[] = [
  {
    name: 'keys twice',
    tell: raw('{"v":1,"state":"failed","state":"done","digest":"$d","result":{"x":1},"result":{}}'),
  },
  { name: 'escapes in a message', tell: answer(failure(ESCAPES)) },
  { name: 'escapes in a stage', tell: answer({ state: 'running', result: undefined, stage: ESCAPES }) },
  { name: 'lone surrogates', tell: answer(failure('\udc00\ud800\ud800')) },
]

/** Said instead of a hello. */
export const HELLOS: readonly (readonly [name: string, hello: (liar: Liar) => object | string, why: RegExp])[] = [
  ['no JSON', () => 'hello!', /hello: it is not JSON/],
  ['escapes', () => '\u001b[2J', /hello: byte 0 is 0x1b/],
  ['another guest', ({ honestHello }) => ({ ...honestHello, target: 1 }), /it says that its guest is domain 1/],
  ['more fields', ({ honestHello }) => ({ ...honestHello, sudo: true }), /hello: there is no "sudo"/],
  [
    'a window without bounds',
    ({ honestHello }) => ({ ...honestHello, window: 1e9 }),
    /hello: window: it must be at most 1000/,
  ],
  ['depth', () => '['.repeat(1_900), /hello: it is nested deeper than 16/],
  ['the whole quota of a value', () => 'x'.repeat(2_000), /hello: it holds 2000 bytes, the limit is 1900/],
  ['an epoch with escapes', ({ honestHello }) => ({ ...honestHello, epoch: ESCAPES }), /hello: epoch: it must match/],
]
