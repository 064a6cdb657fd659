import {
  COMMAND_NAMES,
  COMMANDS,
  type Decoded,
  decodeAgentStatus,
  decodeEvent,
  decodeHello,
  decodeMade,
  decodeRefused,
  decodeRequestNode,
  decodeResponseNode,
  isRequestHead,
  VALUE_BYTES_MAX,
} from '@stubdom/protocol'
import { checkDecoded, checkPrototypes, gist, shapeOf } from '../checks.ts'
import { publishedSchema } from '../schema.ts'
import type { Target } from '../target.ts'
import { encoded, responses, SAMPLES } from './samples.ts'

interface Decoder<T> {
  readonly name: string
  readonly summary: string
  readonly decode: (bytes: Uint8Array) => Decoded<T>
  readonly samples: readonly object[]
  /** What is wrong with a value. */
  readonly conforms: (value: T) => string | undefined
  /** The message that a value stands for, when that is not the value itself. */
  readonly encode?: (value: T) => unknown
}

/** Larger than a value may be, so that the bound is met, too. */
const MAX_BYTES = 2 * VALUE_BYTES_MAX

function targetOf<T>({ name, summary, decode, samples, conforms, encode }: Decoder<T>): Target {
  return {
    name,
    summary,
    grammar: 'json',
    seeds: encoded(samples),
    maxBytes: MAX_BYTES,
    run(input) {
      const decoded = checkDecoded(decode, input, conforms, encode)
      checkPrototypes()
      return decoded.ok ? shapeOf(decoded.value) : gist(decoded.error.reason)
    },
  }
}

const isHello = publishedSchema('hello')
const isRequest = publishedSchema('request')
const isRequestHeadNode = publishedSchema('request-head')

const nodes: readonly Target[] = [
  targetOf({
    name: 'hello',
    summary: 'the agent’s hello',
    decode: decodeHello,
    samples: SAMPLES.hello,
    conforms: value => ('hello' in value ? isHello(value.hello) : undefined),
    // Only what every version must say is known of a foreign one.
    encode: value => ('hello' in value ? value.hello : value.foreign),
  }),
  targetOf({
    name: 'status',
    summary: 'the agent’s status',
    decode: decodeAgentStatus,
    samples: SAMPLES.status,
    conforms: publishedSchema('status'),
  }),
  targetOf({
    name: 'refused',
    summary: 'the list of refused requests',
    decode: decodeRefused,
    samples: SAMPLES.refused,
    conforms: publishedSchema('refused'),
  }),
  targetOf({
    name: 'event',
    summary: 'an event of the ring',
    decode: decodeEvent,
    samples: SAMPLES.event,
    conforms: publishedSchema('event'),
  }),
  targetOf({
    name: 'made',
    summary: 'when the directory was made',
    decode: decodeMade,
    samples: SAMPLES.made,
    conforms: publishedSchema('made'),
  }),
  targetOf({
    name: 'request',
    summary: 'a request, which dom0 reads when it picks a command up',
    decode: bytes => decodeRequestNode('request', bytes),
    samples: SAMPLES.request,
    conforms: value => (isRequestHead(value) ? isRequestHeadNode(value) : isRequest(value)),
  }),
]

/** One for every node below a control directory that holds a message. */
export const DECODERS: readonly Target[] = [
  ...nodes,
  ...COMMAND_NAMES.map(command =>
    targetOf({
      name: `response-${command}`,
      summary: `a response to ${command}`,
      decode: bytes => decodeResponseNode('response', COMMANDS[command], bytes),
      samples: responses(command),
      conforms: publishedSchema(`response-${command}`),
    }),
  ),
]
