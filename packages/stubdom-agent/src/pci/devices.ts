import { bdfOfQdevId, formatBdf, type PciDevice, parseBdf, qdevId as qdevIdOf } from '@stubdom/protocol'
import * as z from 'zod/mini'
import { CommandFailure } from '../commands/failure.ts'
import type { Qemu } from '../commands/task.ts'
import { parseReply } from '../qemu/reply.ts'
import { parseAddress } from './assignment.ts'
import { guestPlaces, PERIPHERAL, qomGet, readSlot, readStand } from './places.ts'

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

/** The devices of ours and libxl’s that stand in one slot with `device`, itself included: when the guest ejects the slot, all of them go. Source: QEMU, hw/acpi/pcihp.c. */
export async function slotMates(qemu: Qemu, device: Peripheral): Promise<Peripheral[]> {
  const all = await listPeripherals(qemu)
  if (all.length < 2) return [device]
  const stands = await Promise.all(all.map(({ qdevId }) => readStand(qemu, qdevId)))
  const own = stands[all.findIndex(({ qdevId }) => qdevId === device.qdevId)]
  return own === undefined ? [device] : all.filter((_, index) => stands[index] === own)
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
      const passthrough = driver === PASSTHROUGH_DRIVER ? await readPassthrough(qemu, qdevId, bdf) : {}
      const place = places.get(qdevId) ?? (await readSlot(qemu, qdevId))
      return {
        bdf,
        qdevId,
        driver,
        ...place,
        ...passthrough,
        ...(isPending(qdevId) ? { removalPending: true } : {}),
      }
    }),
  )
}

async function readPassthrough(
  qemu: Qemu,
  qdevId: string,
  bdf: string,
): Promise<Pick<PciDevice, 'permissive' | 'hostaddr'>> {
  const permissive = await qomGet(qemu, qdevId, 'permissive')
  const text = await qomGet(qemu, qdevId, 'hostaddr')
  const address = parseAddress(typeof text === 'string' ? text : undefined)
  const hostaddr = address && formatBdf(address)
  return {
    ...(typeof permissive === 'boolean' ? { permissive } : {}),
    ...(hostaddr === undefined || hostaddr === bdf ? {} : { hostaddr }),
  }
}

/** QEMU’s device for a real device under Xen; any other driver is an emulated stand-in. Source: QEMU, hw/xen/xen_pt.c. */
export const PASSTHROUGH_DRIVER = 'xen-pci-passthrough'
