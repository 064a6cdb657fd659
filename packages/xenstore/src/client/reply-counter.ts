import { HEADER_BYTES, Op } from '../wire/messages.ts'

/** Counts replies in the bytes that come, in pieces of any size; watch events are none. */
export class ReplyCounter {
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #headerBytes = 0
  #payloadLeft = 0

  /** How many replies have ended with these bytes. */
  feed(bytes: Uint8Array): number {
    let replies = 0
    for (let at = 0; at < bytes.length; ) {
      if (this.#headerBytes < HEADER_BYTES) {
        const piece = bytes.subarray(at, at + HEADER_BYTES - this.#headerBytes)
        this.#header.set(piece, this.#headerBytes)
        this.#headerBytes += piece.length
        at += piece.length
        if (this.#headerBytes < HEADER_BYTES) break
        this.#payloadLeft = this.#header.readUInt32LE(12) // Source: xs_wire.h (struct xsd_sockmsg).
      } else {
        const length = Math.min(this.#payloadLeft, bytes.length - at)
        this.#payloadLeft -= length
        at += length
      }
      if (this.#payloadLeft > 0) continue
      this.#headerBytes = 0
      if (this.#header.readUInt32LE(0) !== Op.WATCH_EVENT) replies++
    }
    return replies
  }
}
