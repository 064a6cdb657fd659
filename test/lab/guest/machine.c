#include "machine.h"

#define PIC1 0x20
#define PIC2 0xa0
#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND 0x43
#define LOCAL_APIC 0xfee00000
#define IO_APIC 0xfec00000
#define IO_APIC_LEVEL 0x8000
#define TIMER_VECTOR 0x20
#define ACPI_VECTOR (TIMER_VECTOR + 9)
#define END_OF_INTERRUPT 0x20
#define SECOND 20 /* ticks */

extern void on_timer(void), on_acpi(void), on_pci(void), on_message(void), on_other(void);

volatile u32 ticks, acpi_events, pci_interrupts, pci_messages;

static struct {
    u16 low, selector;
    u8 zero, flags;
    u16 high;
} __attribute__((packed)) gates[256];

void timer_tick(void)
{
    ticks++;
    outb(PIC1, END_OF_INTERRUPT);
}

void acpi_event(void)
{
    acpi_events++;
    outb(PIC2, END_OF_INTERRUPT);
    outb(PIC1, END_OF_INTERRUPT);
}

void end_pci_interrupt(void) { *(volatile u32 *)(LOCAL_APIC + 0xb0) = 0; }

void pci_interrupt(void) { pci_interrupts++; }

void pci_message(void)
{
    pci_messages++;
    end_pci_interrupt();
}

int more_than(u32 before, volatile u32 *interrupts)
{
    u32 start = ticks;
    while (*interrupts == before && ticks - start < SECOND) wait_for_interrupt();
    return *interrupts != before;
}

static void io_apic_write(u32 index, u32 value)
{
    volatile u32 *io_apic = (volatile u32 *)IO_APIC;
    io_apic[0] = index;
    io_apic[4] = value;
}

void open_interrupt_line(u32 pin)
{
    io_apic_write(0x11 + 2 * pin, 0); /* to this processor */
    io_apic_write(0x10 + 2 * pin, IO_APIC_LEVEL | PCI_VECTOR);
}

static void set_gate(int vector, void (*handler)(void))
{
    u32 address = (u32)handler;
    gates[vector].low = address;
    gates[vector].high = address >> 16;
    gates[vector].selector = 8;
    gates[vector].flags = 0x8e;
}

void start_interrupts(void)
{
    struct {
        u16 limit;
        u32 base;
    } __attribute__((packed)) pointer = {sizeof gates - 1, (u32)gates};
    static const u16 pic_setup[][2] = {{PIC1, 0x11},     {PIC2, 0x11},     {PIC1 + 1, TIMER_VECTOR}, {PIC2 + 1, TIMER_VECTOR + 8},
                                       {PIC1 + 1, 4},    {PIC2 + 1, 2},    {PIC1 + 1, 1},            {PIC2 + 1, 1},
                                       {PIC1 + 1, 0xfa}, {PIC2 + 1, 0xfd}}; /* 0, 2 (the second PIC) and 9 */

    for (int vector = 0; vector < 256; vector++) set_gate(vector, on_other);
    set_gate(TIMER_VECTOR, on_timer);
    set_gate(ACPI_VECTOR, on_acpi);
    set_gate(PCI_VECTOR, on_pci);
    set_gate(MESSAGE_VECTOR, on_message);
    asm volatile("lidt %0" ::"m"(pointer));
    for (u32 i = 0; i < sizeof pic_setup / sizeof *pic_setup; i++) outb(pic_setup[i][0], pic_setup[i][1]);
    outb(PIT_COMMAND, 0x34);
    outb(PIT_CHANNEL_0, 59659 & 0xff); /* 1,193,182 Hz / SECOND: each tick costs an emulated machine much */
    outb(PIT_CHANNEL_0, 59659 >> 8);
    *(volatile u32 *)(LOCAL_APIC + 0xf0) = 0x1ff;  /* on */
    *(volatile u32 *)(LOCAL_APIC + 0x350) = 0x700; /* LINT0: the PIC's interrupts */
    asm volatile("sti");
}

void put(struct text *text, const char *string)
{
    while (*string && text->at < text->end - 1) *text->at++ = *string++;
    *text->at = 0;
}

void put_number(struct text *text, u32 value, u32 base)
{
    char digits[12], *at = digits + sizeof digits;
    *--at = 0;
    do *--at = "0123456789abcdef"[value % base];
    while (value /= base);
    put(text, at);
}

void say(const char *line)
{
    while (*line) outb(0xe9, *line++);
    outb(0xe9, '\n');
}

u32 length(const char *string)
{
    u32 count = 0;
    while (string[count]) count++;
    return count;
}

int same(const char *a, const char *b)
{
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

const char *after(const char *string, const char *prefix)
{
    while (*prefix)
        if (*string++ != *prefix++) return 0;
    return string;
}

u32 parse(const char *digits, u32 base)
{
    u32 value = 0;
    for (;; digits++) {
        u32 digit = *digits >= '0' && *digits <= '9' ? *digits - '0' : *digits >= 'a' && *digits <= 'f' ? *digits - 'a' + 10 : 99;
        if (digit >= base) return value;
        value = value * base + digit;
    }
}

/* The compiler calls these by itself. */
void *memcpy(void *to, const void *from, u32 count)
{
    for (u32 i = 0; i < count; i++) ((u8 *)to)[i] = ((const u8 *)from)[i];
    return to;
}

void *memset(void *to, int value, u32 count)
{
    for (u32 i = 0; i < count; i++) ((u8 *)to)[i] = value;
    return to;
}
