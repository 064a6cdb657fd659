/* The processor and the machine: ports, time, text. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

static inline void outb(u16 port, u8 value) { asm volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static inline void outl(u16 port, u32 value) { asm volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
static inline u32 inl(u16 port)
{
    u32 value;
    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Ticks of 50 ms since the start. */
extern volatile u32 ticks;
/* Set by the interrupt of ACPI events. */
extern volatile u32 acpi_events;
/* Interrupts of PCI devices by a line. No other one comes before it is ended: who asserts the line must be quiet then. */
extern volatile u32 pci_interrupts;
#define PCI_VECTOR 0x40
void end_pci_interrupt(void);
/* Lets a pin of the I/O APIC interrupt while it is asserted, as PCI has it. */
void open_interrupt_line(u32 pin);
/* Those by messages. */
extern volatile u32 pci_messages;
#define MESSAGE_VECTOR 0x41
/* Waits until there are more of them than `before`, but a second at most; 0 when there are not. */
int more_than(u32 before, volatile u32 *interrupts);
void start_interrupts(void);
static inline void wait_for_interrupt(void) { asm volatile("hlt"); }

/* A text that is being written; what does not fit is left out. */
struct text {
    char *at, *end;
};
void put(struct text *text, const char *string);
void put_number(struct text *text, u32 value, u32 base);

/* A line on Xen's console ("xl dmesg"). */
void say(const char *line);

u32 length(const char *string);
int same(const char *a, const char *b);
/* What follows `prefix` in `string`, or 0. */
const char *after(const char *string, const char *prefix);
u32 parse(const char *digits, u32 base);
