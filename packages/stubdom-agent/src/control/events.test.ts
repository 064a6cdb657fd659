import { decodeEvent, encodeJson } from '@stubdom/protocol'
import { expect, test } from 'vitest'
import { controlEvent } from './events.ts'

test.each([
  [
    { event: 'STOP', data: {} },
    { v: 1, seq: 5, event: 'STOP' },
  ],
  [
    { event: 'DEVICE_DELETED', data: { device: 'pt0', path: '/machine/peripheral/pt0' } },
    { v: 1, seq: 5, event: 'DEVICE_DELETED', device: 'pt0' },
  ],
  [
    { event: 'SHUTDOWN', data: { guest: false, reason: 'host-qmp-quit\u001b[2J' } },
    { v: 1, seq: 5, event: 'SHUTDOWN', reason: 'host-qmp-quit?[2J' },
  ],
  [
    { event: 'RESET', data: { device: 'not an id' } },
    { v: 1, seq: 5, event: 'RESET' },
  ],
])('%j is passed on in a form that dom0 accepts', (qmp, passed) => {
  expect(controlEvent(5, qmp)).toEqual(passed)
  expect(decodeEvent(Buffer.from(encodeJson(passed)))).toMatchObject({ ok: true })
})

test('what dom0 has no name for stays here', () => {
  expect(controlEvent(5, { event: 'VNC_CONNECTED', data: {} })).toBeUndefined()
})
