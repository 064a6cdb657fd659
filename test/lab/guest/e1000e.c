#include "e1000e.h"

/* Registers, as indices of words. */
#define RAISE (0xc8 / 4)
#define ALLOW (0xd0 / 4)
#define FORBID (0xd8 / 4)
#define CLEAR_BY_ITSELF (0xdc / 4)
#define ALLOCATE (0xe4 / 4)
#define OTHER (1 << 24)
#define OTHER_BY_FIRST (8 << 16)

u32 e1000e_messages(volatile u32 *registers, u32 times)
{
    registers[FORBID] = ~0u;
    registers[ALLOCATE] = OTHER_BY_FIRST;
    registers[CLEAR_BY_ITSELF] = OTHER;
    u32 first = pci_messages, before;
    do {
        before = pci_messages;
        registers[ALLOW] = OTHER;
        registers[RAISE] = OTHER;
    } while (more_than(before, &pci_messages) && --times);
    registers[FORBID] = ~0u;
    return pci_messages - first;
}
