import { type CommandName, encodeJson } from '@stubdom/protocol'

/** One valid message of every kind: what mutations begin with. */

const about = { v: 1, digest: '0123456789abcdef' }
const device = {
  bdf: '0000:03:00.0',
  qdevId: 'pci-pt-0000_03_00.0',
  driver: 'xen-pci-passthrough',
  guest: { bus: 0, slot: 7, function: 0 },
  permissive: false,
  vendorId: 0x1234,
  deviceId: 0x11e8,
  removalPending: true,
}
const paused = { runState: 'paused', changed: true }

const RESULTS: Readonly<Record<CommandName, object>> = {
  ping: {},
  status: {
    agent: { version: '0.1.0', uptimeMs: 123_456, window: 32 },
    qemu: { version: '7.2.22', runState: 'running', running: true },
    inFlight: [{ id: '0mhx3ab0-00x7k2q', command: 'pci-detach', state: 'accepted', overdue: true }],
    pendingRemovals: ['pci-pt-0000_03_00.0'],
  },
  'pci-attach': device,
  'pci-detach': { bdf: device.bdf, qdevId: device.qdevId, joined: true },
  'pci-list': { devices: [device, { bdf: '0000:04:00.0', qdevId: 'd', driver: 'edu' }] },
  'dm-stop': paused,
  'dm-cont': { runState: 'running', changed: false },
  'save-state': {
    channel: 'xenstore',
    bytes: 65_536,
    sha256: 'f'.repeat(64),
    data: 'AAAA',
    before: 'running',
    runState: 'paused',
  },
  'restore-state': { channel: 'file', bytes: 65_536, sha256: 'f'.repeat(64), runState: 'running' },
}

/** Responses of a command in every state. */
export function responses(command: CommandName): object[] {
  return [
    { ...about, state: 'done', result: RESULTS[command] },
    { ...about, state: 'done', result: RESULTS[command], reconciled: true },
    {
      ...about,
      state: 'running',
      stage: 'device_add',
      overdue: true,
      cancel: 'too-late',
      progress: { done: 1, total: 2 },
    },
    { ...about, state: 'accepted', stage: 'waiting for the guest', overdue: false },
    { ...about, state: 'failed', error: { code: 'qemu-error', message: 'no é', stage: 's', outcome: 'not-done' } },
    { ...about, state: 'cancelled' },
    { ...about, state: 'done', parts: 2, bytes: 2_000, sha256: 'f'.repeat(64) },
  ]
}

const hello = {
  v: [1, 1],
  epoch: '682zhjfil8gz',
  agent: '0.1.0',
  target: 6,
  commands: ['ping', 'pci-attach'],
  window: 32,
  messageBytes: 262_144,
  channels: ['file'],
  deviceModel: { version: '7.2.22', driver: 'edu' },
}

export const SAMPLES = {
  hello: [hello, { ...hello, v: [1, 2], channels: ['console'], more: 1 }, { v: [2, 3], epoch: 'e1e1e1e1', agent: '9' }],
  status: [
    { v: 1, agent: '0.1.0', epoch: '682zhjfil8gz', stage: 'qemu-silent', error: 'why' },
    { v: 1, agent: '0.1.0', epoch: '682zhjfil8gz', stage: 'ready' },
  ],
  refused: [
    { v: 1, refused: [] },
    { v: 1, refused: [{ command: 'ping', id: '0mhx3ab0-00x7k2q', code: 'quota' }] },
  ],
  event: [
    { v: 1, seq: 41, event: 'DEVICE_DELETED', device: 'pci-pt-0000_03_00.0' },
    { v: 1, seq: 42, event: 'SHUTDOWN', reason: 'guest-shutdown' },
  ],
  made: [{ v: 1, at: 1_700_000_000_000 }],
  request: [
    { v: 1, epoch: '682zhjfil8gz', deadlineMs: 30_000, args: { bdf: '0000:03:00.0', slot: 7 } },
    { v: 1, epoch: '682zhjfil8gz', deadlineMs: 30_000, cancel: true, args: {} },
    { v: 1, parts: 2, bytes: 2_000, sha256: 'f'.repeat(64), cancel: false },
  ],
} as const

export function encoded(messages: readonly object[]): Uint8Array[] {
  return messages.map(message => Buffer.from(encodeJson(message)))
}
