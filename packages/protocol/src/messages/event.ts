import * as z from 'zod/mini'
import { type Decoded, decodeWith } from '../codec/decode.ts'
import { VALUE_BYTES_MAX } from '../limits.ts'
import { count, qdevIdText, shortText } from './fields.ts'

/** What of QEMU’s events is passed on (QMP’s own names). */
export const EVENT_NAMES = [
  'STOP',
  'RESUME',
  'RESET',
  'SHUTDOWN',
  'DEVICE_DELETED',
  'DEVICE_UNPLUG_GUEST_ERROR',
] as const

export const event = z.strictObject({
  v: z.literal(1),
  /** Counts the agent’s events from 0; `event/<n>` is the ring slot `seq mod 32`. */
  seq: count,
  event: z.enum(EVENT_NAMES),
  /** The qdev id that a device event is about. */
  device: z.optional(qdevIdText),
  reason: z.optional(shortText),
})

export type ControlEvent = z.output<typeof event>
export type ControlEventName = (typeof EVENT_NAMES)[number]

export function decodeEvent(bytes: Uint8Array): Decoded<ControlEvent> {
  return decodeWith('event', event, bytes, VALUE_BYTES_MAX)
}
