#include "edu.h"

/* Registers, as indices of words. */
#define RAISE (0x60 / 4)
#define STATUS (0x24 / 4)
#define ACKNOWLEDGE (0x64 / 4)
#define DMA_FROM (0x80 / 4)
#define DMA_TO (0x88 / 4)
#define DMA_COUNT (0x90 / 4)
#define DMA_COMMAND (0x98 / 4)
#define DMA_START 1
#define DMA_TO_MEMORY 2
#define BUFFER 0x40000

#define PATIENCE 20 /* ticks; a transfer takes two */
#define REASON 0x2a

static u32 transfer(volatile u32 *registers, u32 from, u32 to, u32 direction)
{
    u32 start = ticks;
    registers[DMA_FROM] = from;
    registers[DMA_TO] = to;
    registers[DMA_COUNT] = EDU_WORDS * sizeof(u32);
    registers[DMA_COMMAND] = DMA_START | direction;
    while (registers[DMA_COMMAND] & DMA_START) {
        if (ticks - start > PATIENCE) return 0;
        wait_for_interrupt();
    }
    return 1;
}

u32 edu_transfer(volatile u32 *registers)
{
    static volatile u32 here[EDU_WORDS], there[EDU_WORDS];
    u32 right = 0;
    for (u32 i = 0; i < EDU_WORDS; i++) {
        here[i] = 0xed000000 + i;
        there[i] = 0;
    }
    if (!transfer(registers, (u32)here, BUFFER, 0)) return 0;
    if (!transfer(registers, BUFFER, (u32)there, DMA_TO_MEMORY)) return 0;
    for (u32 i = 0; i < EDU_WORDS; i++) right += there[i] == here[i];
    return right;
}

/* Whether it has interrupted after it was asked to, and says so. */
static int interrupts_once(volatile u32 *registers, volatile u32 *interrupts)
{
    u32 before = *interrupts;
    registers[RAISE] = REASON;
    int came = more_than(before, interrupts);
    u32 reason = registers[STATUS];
    registers[ACKNOWLEDGE] = reason;
    return came && reason == REASON;
}

u32 edu_interrupts(volatile u32 *registers, u32 times)
{
    u32 first = pci_interrupts;
    while (times-- && interrupts_once(registers, &pci_interrupts)) end_pci_interrupt();
    return pci_interrupts - first;
}

u32 edu_messages(volatile u32 *registers, u32 times)
{
    u32 first = pci_messages;
    while (times-- && interrupts_once(registers, &pci_messages)) continue;
    return pci_messages - first;
}
