import * as z from 'zod/mini'
import { checkWith, type Decoded, decoded, decodeJson } from '../codec/decode.ts'
import { VALUE_BYTES_MAX } from '../limits.ts'
import { PROTOCOL_VERSIONS } from '../version.ts'
import { commandName, count, domid, epoch, shortText } from './fields.ts'
import { type StateChannelName, stateChannel } from './state.ts'

const versionRange = z
  .tuple([z.int().check(z.minimum(1), z.maximum(1_000)), z.int().check(z.minimum(1), z.maximum(1_000))])
  .check(z.refine(([lowest, highest]) => lowest <= highest, 'the lowest version comes first'))

/** Published while an agent holds its lock and QEMU’s greeting. Features are advertised here, never probed. */
export const hello = z.strictObject({
  v: versionRange,
  epoch,
  agent: shortText,
  target: domid,
  commands: z.array(commandName).check(z.maxLength(64)),
  /** Commands that the agent works on before it answers `busy`. */
  window: z.int().check(z.minimum(1), z.maximum(1_000)),
  messageBytes: count,
  /** By which a state can come from the stubdomain. */
  channels: z.array(stateChannel).check(z.maxLength(8)),
  /** By which one can get there; absent: by none. */
  restoreChannels: z.optional(z.array(stateChannel).check(z.maxLength(8))),
  deviceModel: z.strictObject({ version: shortText, driver: shortText }),
})

export type Hello = z.output<typeof hello>

/** Only what every version must say; the rest is judged when a version in common was found. */
const anyHello = z.object({ v: versionRange, epoch, agent: shortText })

/** A hello that shares no version with us. */
export interface ForeignHello {
  readonly v: readonly [number, number]
  readonly epoch: string
  readonly agent: string
}

/**
 * Reads a hello in two steps: the versions first, since a later version may have fields that this one does not know. Unknown fields are refused
 * where the agent speaks no later version than we do.
 */
export function decodeHello(bytes: Uint8Array): Decoded<{ hello: Hello } | { foreign: ForeignHello }> {
  const json = decodeJson('hello', bytes, VALUE_BYTES_MAX)
  if (!json.ok) return json
  const any = checkWith('hello', anyHello, json.value)
  if (!any.ok) return any
  const [lowest, highest] = any.value.v
  if (lowest > PROTOCOL_VERSIONS[1] || highest < PROTOCOL_VERSIONS[0]) return decoded({ foreign: any.value })
  if (highest === PROTOCOL_VERSIONS[1]) {
    const known = checkWith('hello', hello, json.value)
    return known.ok ? decoded({ hello: known.value }) : known
  }
  const later = checkWith('hello', laterHello, json.value)
  if (!later.ok) return later
  const { channels, restoreChannels = [], ...rest } = later.value
  const known = { channels: channels.filter(isKnownChannel), restoreChannels: restoreChannels.filter(isKnownChannel) }
  return decoded({ hello: { ...rest, ...known } })
}

/** A hello of an agent that speaks a later version too: it may have more fields, and channels that this version has no name for. */
const laterHello = z.object({
  ...hello.shape,
  channels: z.array(shortText).check(z.maxLength(8)),
  restoreChannels: z.optional(z.array(shortText).check(z.maxLength(8))),
  deviceModel: z.object({ version: shortText, driver: shortText }),
})

function isKnownChannel(name: string): name is StateChannelName {
  return stateChannel.safeParse(name).success
}
