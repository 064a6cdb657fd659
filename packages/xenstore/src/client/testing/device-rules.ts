import { HEADER_BYTES, Op } from '../../wire/messages.ts'
import type { CharacterDevice } from '../character-device.ts'

const MESSAGE_MAX = 4096

/** What a test may ask and decide about the writes to a device. */
export interface DeviceRules {
  /** How many WATCHes are granted; each further one fails with E2BIG. */
  watchesLeft: number
  /** The most bytes that one write takes. The real device takes what it is given. */
  takes: number
  /** Called before each write; the errno that it returns is what the write fails with. */
  fault: () => string | undefined
  /** How many messages were dropped, since they followed another one in the same write. */
  dropped: number
}

/**
 * A device whose write(2) has the rules of Linux's xenbus device (xenbus_dev_frontend.c, xenbus_file_write), over one that
 * takes anything. As there, a message may come in several writes; what is more than one message is dropped without a word.
 */
export function withDeviceRules(device: CharacterDevice, rules: DeviceRules): CharacterDevice {
  let missing = 0
  return {
    write(bytes) {
      const errno = rules.fault()
      if (errno) throw failure(errno)
      if (missing === 0) missing = startOf(bytes, rules)
      const message = bytes.subarray(0, missing)
      const taken = device.write(message.subarray(0, rules.takes))
      missing -= taken
      if (taken < message.length) return taken
      if (bytes.length > taken) rules.dropped++
      return bytes.length
    },
    onData: listener => device.onData(listener),
    onClose: listener => device.onClose(listener),
    close: () => device.close(),
  }
}

/** The length of the message that begins there. */
function startOf(bytes: Uint8Array, rules: DeviceRules): number {
  if (bytes.length > MESSAGE_MAX) throw failure('EINVAL')
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  const length = HEADER_BYTES + header.readUInt32LE(12)
  if (length > MESSAGE_MAX) throw failure('E2BIG')
  if (header.readUInt32LE(0) === Op.WATCH && rules.watchesLeft-- <= 0) throw failure('E2BIG')
  return length
}

function failure(errno: string): Error {
  return Object.assign(new Error(`${errno}: write`), { code: errno, syscall: 'write' })
}
