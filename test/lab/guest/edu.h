/* QEMU's edu device, which can reach memory and interrupt (docs/specs/edu.txt of QEMU). */
#pragma once
#include "machine.h"

/* Words that came back as they were, of EDU_WORDS, after edu has read them from one place of memory and written them to another. */
#define EDU_WORDS 256
u32 edu_transfer(volatile u32 *registers);

/* How often it has interrupted by its line, or by messages, when it was asked to so many times, one after the other, or until one did not come. */
u32 edu_interrupts(volatile u32 *registers, u32 times);
u32 edu_messages(volatile u32 *registers, u32 times);
