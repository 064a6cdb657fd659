import { type Bdf, formatBdf, parseBdf } from '@stubdom/protocol'
import type { PciPort } from './port.ts'

/** The one PCI bus that libxl gives a stubdomain. Source: Xen, tools/libs/light/libxl_pci.c. */
export const FRONTEND = 'device/pci/0'

/** Devices on one bus of pciback’s, at most: 32 slots of 8 functions. */
const DEVICES_MAX = 256

/** A device that pciback lists for this stubdomain. */
export interface Assignment {
  readonly bdf: string
  /** Its place in the list: `dev-0`, `vdev-0`, … Moves when an earlier device goes. */
  readonly index: number
}

/** All devices that pciback lists at `backend`. */
export async function listAssignments(port: PciPort, backend: string, signal: AbortSignal): Promise<Assignment[]> {
  const count = Number((await port.read(`${backend}/num_devs`, signal)) ?? 0)
  const length = Number.isInteger(count) ? Math.min(Math.max(count, 0), DEVICES_MAX) : 0
  const devices = await Promise.all(
    Array.from({ length }, async (_, index) => {
      const bdf = parseAddress(await port.read(`${backend}/dev-${index}`, signal))
      return bdf ? [{ bdf: formatBdf(bdf), index }] : []
    }),
  )
  return devices.flat()
}

/** How far pciback has come with a device; undefined when the list moved meanwhile. */
export interface Export {
  /** The device’s address in the stubdomain; undefined until pciback has chosen it. */
  readonly local: string | undefined
  /** pciback takes it back. */
  readonly leaving: boolean
}

export async function readExport(
  port: PciPort,
  backend: string,
  { bdf, index }: Assignment,
  signal: AbortSignal,
): Promise<Export | undefined> {
  const [vdev, state, dev] = await Promise.all(
    ['vdev', 'state', 'dev'].map(name => port.read(`${backend}/${name}-${index}`, signal)),
  )
  const still = parseAddress(dev)
  if (!still || formatBdf(still) !== bdf) return undefined
  const local = parseAddress(vdev)
  return { local: local && formatBdf(local), leaving: isLeaving(state) }
}

/** XenbusStateClosing or XenbusStateClosed. Source: Xen, xen/include/public/io/xenbus.h. */
export function isLeaving(state: string | undefined): boolean {
  return state === '5' || state === '6'
}

/** libxl writes `0000:03:00.0`, pciback `0000:03:00.00`; what counts are the numbers. Source: Linux, drivers/xen/xen-pciback/xenbus.c. */
export function parseAddress(text: string | undefined): Bdf | undefined {
  return parseBdf((text ?? '').trim().replace(/\.0(?=[0-7]$)/, '.'))
}
