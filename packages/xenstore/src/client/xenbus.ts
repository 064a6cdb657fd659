import { type ErrnoName, isErrnoName } from '../errno.ts'
import { HEADER_BYTES, Op } from '../wire/messages.ts'
import { type CharacterDevice, openCharacterDevice } from './character-device.ts'
import { XenstoreUnavailableError } from './errors.ts'
import type { Transport } from './transport.ts'

/** The most bytes of one message, header included: the device's own buffer. */
const MESSAGE_MAX = 4096

/** How long until a write that the device had no room for is tried again. */
const FULL_RETRY_MS = 1

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT:
    'run in a Xen domain whose kernel has xenfs, connected to a xenstored; or name another place with XENSTORED_PATH',
  EACCES: 'connect as a user who may open it, which is root by default',
}

/**
 * A transport over Linux's device for the store: of the domain that this runs in, dom0 included. Throws a
 * XenstoreUnavailableError. `open` is how the device is opened.
 *
 * What the device is like (Linux, drivers/xen/xenbus/xenbus_dev_frontend.c), where it is not like a daemon's socket:
 * - One write(2) takes one message; what follows in the same write is dropped without a word.
 * - A message waits in the buffer into which the next write(2) goes, until the kernel's thread has put it into the ring (xenbus_xs.c,
 *   xenbus_dev_request_and_reply; xenbus_comms.c, process_writes), and nothing says when that was: who writes the next one before the reply is there may
 *   have it sent twice, and the one before not at all. So each message waits for the reply to the one before.
 * - A message has at most 4,096 bytes in all. A larger one is refused by write(2): EINVAL.
 * - A refused WATCH has no reply: write(2) fails with the daemon's errno, E2BIG over the quota.
 * - WATCH and UNWATCH are answered by the kernel, which asks the daemon while write(2) waits, whatever O_NONBLOCK says.
 *   A duplicate WATCH and an UNWATCH of nothing are OK. The first event comes before the reply.
 * - Each open file has watches and transactions of its own, which end when it is closed. RESET_WATCHES is passed on to
 *   the daemon as it is, though, which then forgets those of the kernel too: its devices would stop working.
 */
export function openXenbus(path: string, open = openCharacterDevice): Transport {
  try {
    return new XenbusTransport(open(path))
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    const remedy = REMEDIES[code] ?? 'name the socket of a running xenstored with XENSTORED_PATH'
    throw new XenstoreUnavailableError(path, code, remedy, { cause: error })
  }
}

/**
 * Writes synchronously, one message each time: that alone says which message an errno is about (a stream reports it
 * later, for all that it had, and is destroyed by it). It costs nothing, since libuv's streams call write(2) at once as
 * well. Waiting until the device is writable would be no use: its poll never says so, and it never is not; EAGAIN is
 * for other devices.
 */
class XenbusTransport implements Transport {
  readonly maxPayload = MESSAGE_MAX - HEADER_BYTES
  readonly #device: CharacterDevice
  /** Not written yet; of the first one, the first `#written` bytes are. */
  readonly #queue: Buffer[] = []
  #written = 0
  /** The device has a message whose reply is not there. */
  #asking = false
  #retry: NodeJS.Timeout | undefined
  #onRefusal: (frame: Buffer, errno: ErrnoName) => void = () => {}
  #failure: Error | undefined

  constructor(device: CharacterDevice) {
    this.#device = device
  }

  write(frame: Buffer): void {
    if (frame.readUInt32LE(0) === Op.RESET_WATCHES) return this.#onRefusal(frame, 'ENOSYS')
    this.#queue.push(frame)
    if (this.#queue.length === 1) this.#flush()
  }

  replied(): void {
    this.#asking = false
    this.#flush()
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#device.onData(listener)
  }

  onRefusal(listener: (frame: Buffer, errno: ErrnoName) => void): void {
    this.#onRefusal = listener
  }

  onClose(listener: (error?: Error) => void): void {
    this.#device.onClose(error => {
      this.#stopWriting()
      listener(this.#failure ?? error)
    })
  }

  close(): void {
    this.#stopWriting()
    this.#device.close()
  }

  #flush(): void {
    for (let frame = this.#queue[0]; frame && !this.#asking; frame = this.#queue[0]) {
      try {
        this.#written += this.#device.write(frame.subarray(this.#written))
        if (this.#written < frame.length) continue
        this.#asking = true
        this.#next()
      } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException
        if (code === 'EAGAIN') {
          this.#retry = setTimeout(() => this.#flush(), FULL_RETRY_MS)
          return
        }
        this.#next()
        if (isErrnoName(code)) this.#onRefusal(frame, code)
        else this.#fail(error as Error)
      }
    }
  }

  #next(): void {
    this.#queue.shift()
    this.#written = 0
  }

  #fail(error: Error): void {
    this.#failure = error
    this.close()
  }

  #stopWriting(): void {
    clearTimeout(this.#retry)
    this.#queue.length = 0
  }
}
