/**
 * What the dynamic linker reads of a 64-bit little-endian ELF file; undefined when the file is none.
 * @param {Buffer} file
 * @returns {{ interpreter: string | undefined, needed: string[] } | undefined} needed: sonames, in the file's order
 */
export function readElf(file) {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) return undefined
  const headers = programHeaders(file)
  const interp = headers.find(({ type }) => type === PT_INTERP)
  const interpreter = interp && text(file, interp.offset)
  const dynamic = headers.find(({ type }) => type === PT_DYNAMIC)
  if (!dynamic) return { interpreter, needed: [] }

  const entries = []
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = file.readBigUInt64LE(at)
    if (tag === 0n) break
    entries.push({ tag, value: Number(file.readBigUInt64LE(at + 8)) })
  }
  const strings = entries.find(({ tag }) => tag === DT_STRTAB)?.value
  if (strings === undefined) return { interpreter, needed: [] }
  const segment = headers.find(h => h.type === PT_LOAD && strings >= h.address && strings < h.address + h.size)
  if (!segment) throw new Error('an ELF file whose string table is in no segment')
  const base = segment.offset + strings - segment.address
  const needed = entries.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => text(file, base + value))
  return { interpreter, needed }
}

const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const DT_NEEDED = 1n
const DT_STRTAB = 5n

function programHeaders(file) {
  const table = Number(file.readBigUInt64LE(32))
  const size = file.readUInt16LE(54)
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = table + index * size
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    }
  })
}

function text(file, at) {
  return file.toString('latin1', at, file.indexOf(0, at))
}
