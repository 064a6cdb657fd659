import { Random } from '../support/random.ts'

/** A stream in pieces, cut where the stream itself decides, so that the same input is always cut alike. All pieces are handed out in one buffer that is used again. */
export function* pieces(stream: Uint8Array): Generator<Uint8Array, void, undefined> {
  const random = new Random(stream.length * 31 + (stream[0] ?? 0) * 7 + (stream.at(-1) ?? 0))
  const reused = new Uint8Array(stream.length)
  for (let at = 0; at < stream.length; ) {
    const size = random.oneIn(3) ? 1 : random.between(1, random.oneIn(2) ? 20 : stream.length)
    const piece = stream.subarray(at, at + size)
    reused.set(piece)
    yield reused.subarray(0, piece.length)
    reused.fill(0xa5, 0, piece.length)
    at += size
  }
}
