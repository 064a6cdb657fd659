import { type ControlEvent, type ControlEventName, EVENT_NAMES, printable } from '@stubdom/protocol'
import type { QmpEvent } from '@stubdom/qmp'

/** What of QEMU’s events is passed on to dom0; undefined for the others. */
export function controlEvent(seq: number, { event, data }: Pick<QmpEvent, 'event' | 'data'>): ControlEvent | undefined {
  if (!(EVENT_NAMES as readonly string[]).includes(event)) return undefined
  const { device, reason } = data as { device?: unknown; reason?: unknown }
  return {
    v: 1,
    seq,
    event: event as ControlEventName,
    ...(typeof device === 'string' && QDEV_ID.test(device) ? { device } : {}),
    ...(typeof reason === 'string' ? { reason: printable(reason, 64) } : {}),
  }
}

const QDEV_ID = /^[A-Za-z#][A-Za-z0-9\-._]{0,63}$/
