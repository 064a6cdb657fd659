#include "pci.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define COMMAND 0x04
#define COMMAND_MEMORY 0x2
#define COMMAND_MASTER 0x4
#define COMMAND_NO_LINE 0x400
#define BAR0 0x10
#define CAPABILITIES 0x34
#define MSI 0x05
#define MSI_ENABLE (1 << 16)
#define MSI_64_BIT (1 << 23)
#define MSIX 0x11
#define MSIX_ENABLE (1u << 31)
/* To the first processor's local APIC. */
#define MESSAGE_ADDRESS 0xfee00000
#define HOTPLUG_DOWN 0xae04
#define HOTPLUG_EJECT 0xae08
#define HOTPLUG_SELECT 0xae10
/* General purpose events of QEMU's PIIX4, two bytes each (hw/acpi/piix4.c of QEMU). */
#define EVENT_STATUS 0xafe0
#define EVENT_ENABLE 0xafe2
#define EVENT_HOTPLUG 0x2
/* In the memory hole that Xen leaves below 4 GiB; 1 MiB, edu's size, for each slot, or half of it and the table of messages. */
#define BAR_BASE 0xf2000000
#define TABLE 0x80000

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

/* As Xen wires them (xen/include/asm-x86/hvm/irq.h, hvm_pci_intx_gsi); firmware's tables would tell. */
void pci_open_line(u32 slot) { open_interrupt_line(16 + ((slot * 4 + slot / 8) & 31)); }

/* Where a capability is, or 0. */
static u32 capability(u32 slot, u32 which)
{
    u32 at = config_read(slot, CAPABILITIES) & 0xfc;
    while (at && (config_read(slot, at) & 0xff) != which) at = config_read(slot, at) >> 8 & 0xfc;
    return at;
}

static void set_bits(u32 slot, u32 offset, u32 bits, int on)
{
    u32 value = config_read(slot, offset);
    config_write(slot, offset, on ? value | bits : value & ~bits);
}

static void write_message(u32 slot, u32 msi)
{
    int is_wide = (config_read(slot, msi) & MSI_64_BIT) != 0;
    config_write(slot, msi + 4, MESSAGE_ADDRESS);
    if (is_wide) config_write(slot, msi + 8, 0);
    config_write(slot, msi + (is_wide ? 12 : 8), MESSAGE_VECTOR);
}

static void write_first_message(u32 slot, u32 msix)
{
    u32 where = config_read(slot, msix + 4), address = BAR_BASE + (slot << 20) + TABLE;
    config_write(slot, BAR0 + 4 * (where & 7), address);
    set_bits(slot, COMMAND, COMMAND_MEMORY, 1);
    volatile u32 *message = (volatile u32 *)(address + (where & ~7u));
    message[0] = MESSAGE_ADDRESS;
    message[1] = 0;
    message[2] = MESSAGE_VECTOR;
    message[3] = 0; /* not masked */
}

int pci_open_messages(u32 slot)
{
    u32 msi = capability(slot, MSI), msix = capability(slot, MSIX);
    if (!msi && !msix) return 0;
    if (msix) write_first_message(slot, msix);
    else write_message(slot, msi);
    set_bits(slot, COMMAND, COMMAND_NO_LINE, 1);
    if (msix) set_bits(slot, msix, MSIX_ENABLE, 1);
    else set_bits(slot, msi, MSI_ENABLE, 1);
    return 1;
}

void pci_close_messages(u32 slot)
{
    u32 msix = capability(slot, MSIX);
    if (msix) set_bits(slot, msix, MSIX_ENABLE, 0);
    else set_bits(slot, capability(slot, MSI), MSI_ENABLE, 0);
    set_bits(slot, COMMAND, COMMAND_NO_LINE, 0);
}
