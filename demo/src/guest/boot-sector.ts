/**
 * The guest: one boot sector. It knows a single thing, the guest's part of a PCI hot-unplug on QEMU's `pc` machine, which an operating
 * system does through ACPI's _EJ0: QEMU's docs/specs/acpi_pci_hotplug.rst gives the registers,
 *
 *     0xae04  read   which slots of the selected bus QEMU asks to have ejected, one bit each ("down")
 *     0xae08  write  eject: QEMU takes the lowest set bit only (acpi_pcihp_eject_slot), and clears it in "down"
 *     0xae10  write  select a bus; 0, the root bus, after a reset
 *
 * The request stays in the register until it is answered, so one made while the BIOS still runs is not lost.
 *
 * Checked by `objdump -D -b binary -m i8086 --adjust-vma=0x7c00`, and by the tests beside `startQemu`, which see QEMU say DEVICE_DELETED.
 */

const SECTOR = 512

/** What runs at 0x7c00, in 16-bit mode. */
// biome-ignore format: one instruction a line
const COOPERATIVE = [
  0xfb,             //       sti              the BIOS's timer is to wake the processor, 18 times a second
  0xba, 0x04, 0xae, // look: mov  dx, 0xae04
  0x66, 0xed,       //       in   eax, dx     the slots to eject
  0x66, 0x85, 0xc0, //       test eax, eax
  0x74, 0x06,       //       jz   wait
  0xb2, 0x08,       //       mov  dl, 0x08    dx is now 0xae08
  0x66, 0xef,       //       out  dx, eax     eject the lowest of them
  0xeb, 0xf0,       //       jmp  look        there may be more
  0xf4,             // wait: hlt              until the next tick, so that the host has no busy loop
  0xeb, 0xed,       //       jmp  look
]

/** A guest that is up and never answers. */
// biome-ignore format: one instruction a line
const SILENT = [
  0xfb,             //       sti
  0xf4,             // wait: hlt
  0xeb, 0xfd,       //       jmp  wait
]

/** The 512 bytes of the disk. */
export function bootSector({ cooperative }: { cooperative: boolean }): Uint8Array {
  const sector = new Uint8Array(SECTOR)
  sector.set(cooperative ? COOPERATIVE : SILENT)
  sector.set([0x55, 0xaa], SECTOR - 2)
  return sector
}
