#include "pci.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define COMMAND 0x04
#define COMMAND_MEMORY 0x2
#define COMMAND_MASTER 0x4
#define LINK_ROUTES 0x60
#define BAR0 0x10
#define HOTPLUG_DOWN 0xae04
#define HOTPLUG_EJECT 0xae08
#define HOTPLUG_SELECT 0xae10
/* General purpose events of QEMU's PIIX4, two bytes each (hw/acpi/piix4.c of QEMU). */
#define EVENT_STATUS 0xafe0
#define EVENT_ENABLE 0xafe2
#define EVENT_HOTPLUG 0x2
/* In the memory hole that Xen leaves below 4 GiB; 1 MiB, edu's size, for each slot. */
#define BAR_BASE 0xf2000000

static u32 config_read(u32 slot, u32 offset)
{
    outl(CONFIG_ADDRESS, 0x80000000 | slot << 11 | offset);
    return inl(CONFIG_DATA);
}

static void config_write(u32 slot, u32 offset, u32 value)
{
    outl(CONFIG_ADDRESS, 0x80000000 | slot << 11 | offset);
    outl(CONFIG_DATA, value);
}

u32 pci_identity(u32 slot) { return config_read(slot, 0); }

volatile u32 *pci_map(u32 slot)
{
    u32 address = BAR_BASE + (slot << 20);
    config_write(slot, BAR0, address);
    config_write(slot, COMMAND, config_read(slot, COMMAND) | COMMAND_MEMORY | COMMAND_MASTER);
    return (volatile u32 *)address;
}

u32 pci_wanted_back(void)
{
    outl(HOTPLUG_SELECT, 0);
    return inl(HOTPLUG_DOWN);
}

void pci_eject(u32 slots)
{
    outl(HOTPLUG_SELECT, 0);
    outl(HOTPLUG_EJECT, slots);
}

int pci_changed(void)
{
    static u32 seen;
    static int enabled;
    if (!enabled) {
        enabled = 1;
        outb(EVENT_ENABLE, EVENT_HOTPLUG);
        return 1;
    }
    if (acpi_events == seen) return 0;
    seen = acpi_events;
    outb(EVENT_STATUS, EVENT_HOTPLUG); /* before looking: what comes after that interrupts again */
    return 1;
}

void pci_route_interrupts(u32 irq)
{
    config_write(1, LINK_ROUTES, irq * 0x01010101);
}
