/* QEMU's edu device, which can reach memory and interrupt (docs/specs/edu.txt of QEMU). */
#pragma once
#include "machine.h"

/* Words that came back as they were, of EDU_WORDS, after edu has read them from one place of memory and written them to another. */
#define EDU_WORDS 256
u32 edu_transfer(volatile u32 *registers);

/* How often it has interrupted after it was asked to, once; *reason is what it says why. */
u32 edu_interrupt(volatile u32 *registers, u32 *reason);
