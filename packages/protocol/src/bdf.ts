/**
 * PCI addresses as Xen writes them: `[DDDD:]BB:DD.F`, hexadecimal, the host's view. Source: xl-pci-configuration(5).
 */
export interface Bdf {
  readonly segment: number
  readonly bus: number
  readonly device: number
  readonly func: number
}

const FULL = /^(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])$/i

/** Undefined when `text` is no BDF. Segment 0 may be left out. */
export function parseBdf(text: string): Bdf | undefined {
  const match = FULL.exec(text)
  if (!match) return undefined
  const [segment, bus, device, func] = [match[1] ?? '0', match[2], match[3], match[4]].map(part =>
    Number.parseInt(part ?? '', 16),
  ) as [number, number, number, number]
  return device <= 0x1f ? { segment, bus, device, func } : undefined
}

/** `0000:03:00.0`: the form that stands in messages, since equal devices then have equal names. */
export function formatBdf({ segment, bus, device, func }: Bdf): string {
  return `${hex(segment, 4)}:${hex(bus, 2)}:${hex(device, 2)}.${func}`
}

/**
 * The qdev id that a passed-through device gets: `pci-pt-0000_03_00.0`. libxl leaves the segment out (`pci-pt-03_00.0`), so that equal
 * devices of two segments collide.
 */
export function qdevId(bdf: Bdf): string {
  return `pci-pt-${formatBdf(bdf).replaceAll(':', '_')}`
}

/** The BDF in a qdev id of ours or of libxl; undefined for any other id. */
export function bdfOfQdevId(id: string): Bdf | undefined {
  const match = /^pci-pt-(?:([0-9a-f]{4})_)?([0-9a-f]{2})_([0-9a-f]{2}\.[0-7])$/.exec(id)
  return match ? parseBdf(`${match[1] ?? '0000'}:${match[2]}:${match[3]}`) : undefined
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0')
}
