import type { PciDevice } from '@stubdom/protocol'
import * as z from 'zod/mini'
import type { Qemu } from '../commands/task.ts'
import { isRefusal } from '../qemu/monitor.ts'
import { parseReply } from '../qemu/reply.ts'

/** Where qdevs with an id live in QEMU’s object tree: what is not there does not exist, wherever the guest sees it or not. */
export const PERIPHERAL = '/machine/peripheral'

/** Where the guest sees a device, and as what. */
export type Place = Pick<PciDevice, 'guest' | 'vendorId' | 'deviceId'>

const queryPci = z.array(z.object({ devices: z.array(z.unknown()) }))
const pciNode = z.object({
  bus: z.int(),
  slot: z.int(),
  function: z.int(),
  id: z.object({ vendor: z.int(), device: z.int() }),
  qdev_id: z.string(),
})
const bridgeNode = z.object({ pci_bridge: z.object({ devices: z.optional(z.array(z.unknown())) }) })

/** Deeper than any chain of bridges that a guest can number. */
const BRIDGE_DEPTH_MAX = 32

/** Slots that a device can be plugged into; 0 is the host bridge. */
const SLOTS = 31

/** Every device that the guest’s firmware has numbered, by qdev id. */
export async function guestPlaces(qemu: Qemu): Promise<Map<string, Place>> {
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
  for (const { devices } of await buses(qemu)) walk(devices, 0)
  return places
}

/** The lowest slot of the root bus with nothing in it; undefined when it is full. */
export async function freeSlot(qemu: Qemu): Promise<number | undefined> {
  const [root] = await buses(qemu)
  const taken = new Set((root?.devices ?? []).map(node => pciNode.safeParse(node).data?.slot))
  return Array.from({ length: SLOTS }, (_, index) => index + 1).find(slot => !taken.has(slot))
}

async function buses(qemu: Qemu) {
  return parseReply('query-pci', queryPci, await qemu.execute('query-pci'))
}

const devfn = z.int().check(z.minimum(0), z.maximum(255))

/** A device behind a bridge that the guest has not numbered still has its slot there: slot × 8 + function. Source: QEMU, hw/core/qdev-properties-system.c. */
export async function readSlot(qemu: Qemu, qdevId: string): Promise<Place> {
  const { success, data } = devfn.safeParse(await qomGet(qemu, qdevId, 'addr'))
  return success ? { guest: { slot: data >> 3, function: data & 7 } } : {}
}

/** Equal for devices that stand in the same slot of the same bus, numbered by the guest or not; undefined when the device is gone. */
export async function readStand(qemu: Qemu, qdevId: string): Promise<string | undefined> {
  const bus = await qomGet(qemu, qdevId, 'parent_bus')
  const { guest } = await readSlot(qemu, qdevId)
  return typeof bus === 'string' && guest ? `${bus} ${guest.slot}` : undefined
}

export async function qomGet(qemu: Qemu, qdevId: string, property: string): Promise<unknown> {
  try {
    return await qemu.execute('qom-get', { path: `${PERIPHERAL}/${qdevId}`, property })
  } catch (error) {
    // The device may go at any moment.
    if (isRefusal(error)) return undefined
    throw error
  }
}
