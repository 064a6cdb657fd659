import type { Random } from '../../support/random.ts'

const LENGTHS = [0, 1, 15, 16, 17, 255, 256, 4_095, 4_096, 4_097, 65_535, 0x7fff_ffff, 0xffff_ffff]
const BYTES = [
  0x00, 0x01, 0x0a, 0x0d, 0x1b, 0x20, 0x22, 0x2f, 0x5b, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0x9b, 0xc3, 0xed, 0xff,
]

/** One change that knows nothing of what the bytes mean. `other` lends pieces. */
export function mutateBytes(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = random.below(input.length + 1)
  switch (random.below(10)) {
    case 0:
      return replaced(input, at, 1, Uint8Array.of(random.below(256)))
    case 1:
      return replaced(input, at, 1, Uint8Array.of((input[at] ?? 0) ^ (1 << random.below(8))))
    case 2:
      return replaced(input, at, random.below(2), Uint8Array.of(random.pick(BYTES)))
    case 3:
      return input.slice(0, at)
    case 4:
      return replaced(input, at, random.below(random.oneIn(4) ? 600 : 9), new Uint8Array(0))
    case 5: {
      const piece = sliceOf(input, random)
      return replaced(input, at, 0, piece)
    }
    case 6:
      return replaced(input, at, random.below(17), sliceOf(other, random))
    case 7: {
      // A field of the wire protocol: 32 bits, at a multiple of four as often as not.
      const field = new Uint8Array(4)
      new DataView(field.buffer).setUint32(0, random.oneIn(2) ? random.pick(LENGTHS) : random.below(64), true)
      return replaced(input, random.oneIn(2) ? at & ~3 : at, 4, field)
    }
    case 8:
      return replaced(input, at, 0, new Uint8Array(1 << random.below(11)).fill(random.pick(BYTES)))
    default:
      return Buffer.concat([input, other])
  }
}

function replaced(input: Uint8Array, at: number, length: number, piece: Uint8Array): Uint8Array {
  return Buffer.concat([input.subarray(0, at), piece, input.subarray(at + length)])
}

function sliceOf(bytes: Uint8Array, random: Random): Uint8Array {
  const from = random.below(bytes.length + 1)
  return bytes.subarray(from, from + random.below(random.oneIn(3) ? bytes.length + 1 : 33))
}
