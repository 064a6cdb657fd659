/* PCI bus 0, and the hot-plug controller of QEMU's i440fx (docs/specs/acpi_pci_hotplug.txt of QEMU). */
#pragma once
#include "machine.h"

#define SLOTS 32
#define NO_DEVICE 0xffffffff

/* Vendor in the lower half, device in the upper one; NO_DEVICE: the slot is empty. */
u32 pci_identity(u32 slot);

/* Puts the first memory BAR where nothing else is, switches it on, lets the device reach memory, and says where. */
volatile u32 *pci_map(u32 slot);

/* Lets a device interrupt by its first line (INTA). */
void pci_open_line(u32 slot);
/* Has a device interrupt by messages instead, and no more; 0 when it cannot. MSI-X, of which the first message is used, needs its table: it is mapped, too. */
int pci_open_messages(u32 slot);
void pci_close_messages(u32 slot);

/* Slots, a bit for each, whose device the host asks the guest to give up. */
u32 pci_wanted_back(void);
void pci_eject(u32 slots);
/* Whether a device has come, or is wanted back, since the last call, as far as an interrupt told so. */
int pci_changed(void);
