import { bdfOfQdevId, formatBdf, type PciDevice, parseBdf, qdevId as qdevIdOf } from '@stubdom/protocol'
import * as z from 'zod/mini'
import { CommandFailure } from '../commands/failure.ts'
import type { Qemu } from '../commands/task.ts'
import { isRefusal } from '../qemu/monitor.ts'
import { parseReply } from '../qemu/reply.ts'

/** Where qdevs with an id live in QEMU’s object tree: what is not there does not exist, wherever the guest sees it or not. */
const PERIPHERAL = '/machine/peripheral'

const qomList = z.array(z.object({ name: z.string(), type: z.string() }))

/** A passed-through device that QEMU has. */
export interface Peripheral {
  readonly bdf: string
  readonly qdevId: string
  readonly driver: string
}

/** The passed-through devices that QEMU has, whoever attached them: recognised by their ids, ours and libxl’s. */
export async function listPeripherals(qemu: Qemu): Promise<Peripheral[]> {
  const entries = parseReply('qom-list', qomList, await qemu.execute('qom-list', { path: PERIPHERAL }))
  return entries.flatMap(({ name, type }) => {
    const bdf = bdfOfQdevId(name)
    const driver = /^child<(.{1,64})>$/.exec(type)?.[1]
    return bdf && driver ? [{ bdf: formatBdf(bdf), qdevId: name, driver }] : []
  })
}

/** The id that a device gets from us. @param bdf as it stands in messages: `0000:03:00.0` */
export function qdevIdFor(bdf: string): string {
  const parsed = parseBdf(bdf)
  if (!parsed) throw new CommandFailure('bad-request', `${bdf} is no PCI address`)
  return qdevIdOf(parsed)
}

export async function findPeripheral(qemu: Qemu, bdf: string): Promise<Peripheral | undefined> {
  return (await listPeripherals(qemu)).find(device => device.bdf === bdf)
}

/** What QEMU says of devices: options and the place on the guest’s bus, read back and not taken from any request. */
export async function describePeripherals(
  qemu: Qemu,
  devices: readonly Peripheral[],
  isPending: (qdevId: string) => boolean,
): Promise<PciDevice[]> {
  if (devices.length === 0) return []
  const places = await guestPlaces(qemu)
  return Promise.all(
    devices.map(async ({ bdf, qdevId, driver }) => {
      const permissive = await readPermissive(qemu, qdevId, driver)
      const place = places.get(qdevId) ?? (await readSlot(qemu, qdevId))
      return {
        bdf,
        qdevId,
        driver,
        ...place,
        ...(permissive === undefined ? {} : { permissive }),
        ...(isPending(qdevId) ? { removalPending: true } : {}),
      }
    }),
  )
}

type Place = Pick<PciDevice, 'guest' | 'vendorId' | 'deviceId'>

const pciSlot = {
  bus: z.int(),
  slot: z.int(),
  function: z.int(),
  id: z.object({ vendor: z.int(), device: z.int() }),
  qdev_id: z.string(),
}
const queryPci = z.array(z.object({ devices: z.array(z.unknown()) }))
const pciNode = z.object(pciSlot)
const bridgeNode = z.object({ pci_bridge: z.object({ devices: z.optional(z.array(z.unknown())) }) })

/** Deeper than any chain of bridges that a guest can number. */
const BRIDGE_DEPTH_MAX = 32

/** Every device that the guest’s firmware has numbered, by qdev id. */
async function guestPlaces(qemu: Qemu): Promise<Map<string, Place>> {
  const places = new Map<string, Place>()
  const walk = (devices: readonly unknown[], depth: number): void => {
    for (const node of devices) {
      const device = pciNode.safeParse(node)
      if (device.success) {
        const { bus, slot, function: func, id, qdev_id } = device.data
        places.set(qdev_id, { guest: { bus, slot, function: func }, vendorId: id.vendor, deviceId: id.device })
      }
      const bridge = bridgeNode.safeParse(node)
      if (bridge.success && depth < BRIDGE_DEPTH_MAX) walk(bridge.data.pci_bridge.devices ?? [], depth + 1)
    }
  }
  for (const { devices } of parseReply('query-pci', queryPci, await qemu.execute('query-pci'))) walk(devices, 0)
  return places
}

/** A device behind a bridge that the guest has not numbered still has its slot there: slot × 8 + function. Source: QEMU, hw/core/qdev-properties-system.c. */
async function readSlot(qemu: Qemu, qdevId: string): Promise<Place> {
  const devfn = z
    .int()
    .check(z.minimum(0), z.maximum(255))
    .safeParse(await qomGet(qemu, qdevId, 'addr'))
  return devfn.success ? { guest: { slot: devfn.data >> 3, function: devfn.data & 7 } } : {}
}

async function readPermissive(qemu: Qemu, qdevId: string, driver: string): Promise<boolean | undefined> {
  if (driver !== PASSTHROUGH_DRIVER) return undefined
  const permissive = await qomGet(qemu, qdevId, 'permissive')
  return typeof permissive === 'boolean' ? permissive : undefined
}

async function qomGet(qemu: Qemu, qdevId: string, property: string): Promise<unknown> {
  try {
    return await qemu.execute('qom-get', { path: `${PERIPHERAL}/${qdevId}`, property })
  } catch (error) {
    // The device may go at any moment.
    if (isRefusal(error)) return undefined
    throw error
  }
}

/** QEMU’s device for a real device under Xen; any other driver is an emulated stand-in. Source: QEMU, hw/xen/xen_pt.c. */
export const PASSTHROUGH_DRIVER = 'xen-pci-passthrough'
