/* PCI bus 0, and the hot-plug controller of QEMU's i440fx (docs/specs/acpi_pci_hotplug.txt of QEMU). */
#pragma once
#include "machine.h"

#define SLOTS 32
#define NO_DEVICE 0xffffffff

/* Vendor in the lower half, device in the upper one; NO_DEVICE: the slot is empty. */
u32 pci_identity(u32 slot);

/* Puts the first memory BAR where nothing else is, switches it on, and says where. */
volatile u32 *pci_map(u32 slot);

/* Slots, a bit for each, whose device the host asks the guest to give up. */
u32 pci_wanted_back(void);
void pci_eject(u32 slots);
